import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseWatch } from '../../src/platform/postgres/database-watch.js';
import { pg } from '../support/native.js';
import { waitUntil } from '../support/wait.js';

/** More turns of the microtask queue than pass from a probe's answer to the end of a fault. */
const TURNS = 20;
const WORKS = { rows: [{ readOnly: 'off' }] };

/** An error as PostgreSQL sends it. */
const refusal = (code: string) =>
  Object.assign(new pg.DatabaseError('refused', 0, 'error'), { severity: 'ERROR', code });

const newWatch = (probe: () => Promise<typeof WORKS>) =>
  new DatabaseWatch({ remote: false, probe, renew: () => undefined });

describe('The watch on the database', () => {
  let watch: DatabaseWatch;
  /** Each answers a probe that the watch has sent: the database works. */
  let probes: (() => void)[];
  beforeEach(() => {
    Logger.overrideLogger(false);
    probes = [];
    watch = newWatch(() => new Promise((resolve) => probes.push(() => resolve(WORKS))));
  });
  afterEach(() => watch.close());

  const refuse = (code: string) =>
    expect(watch.run(() => Promise.reject(refusal(code)))).rejects.toMatchObject({ code });

  const isOver = () => waitUntil('the fault is over', async () => watch.fault === undefined);

  it('ends a fault when a probe finds that the database works', async () => {
    await refuse('25006');
    expect(watch.fault?.code).toBe('25006');
    probes.at(0)?.();
    await isOver();
    expect(probes).toHaveLength(1);
  });

  it('does not end a fault by the answer of a probe that was sent before the fault began', async () => {
    await refuse('25006');
    await refuse('28P01');
    probes.at(0)?.();
    await waitUntil('it is probed again', async () => probes.length === 2);
    expect(watch.fault?.code).toBe('28P01');
    probes.at(1)?.();
    await isOver();
  });

  it('ends a fault that began at any moment while another one ended', async () => {
    const watches = await Promise.all(
      Array.from({ length: TURNS }, async (_, turns) => {
        let answer: (() => void) | undefined;
        let sent = 0;
        const other = newWatch(() => {
          sent += 1;
          return sent > 1 ? Promise.resolve(WORKS) : new Promise((resolve) => (answer = () => resolve(WORKS)));
        });
        other.noteReadOnly();
        answer?.();
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        other.noteReadOnly();
        return { other, probes: () => sent };
      }),
    );
    await waitUntil('all faults are over', async () => watches.every(({ other }) => other.fault === undefined));
    // Each fault has had a probe of its own.
    expect(watches.map(({ probes: sent }) => sent())).toEqual(Array<number>(TURNS).fill(2));
    await Promise.all(watches.map(({ other }) => other.close()));
  });
});
