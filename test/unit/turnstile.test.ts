import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Turnstile } from '../../src/platform/http/turnstile.js';

const INTERVAL_MS = 50;
const MAX_WAITING = 3;

/** Notes who is in, in their order. */
function visitors() {
  const turnstile = new Turnstile((turn) => setTimeout(turn, INTERVAL_MS), MAX_WAITING);
  const inside: string[] = [];
  const come = (name: string) => turnstile.pass().then(() => inside.push(name));
  return { inside, come };
}

describe('The turnstile', () => {
  it('lets one that comes alone in at once', async () => {
    const { inside, come } = visitors();
    await come('a');
    await sleep(2 * INTERVAL_MS);
    const turn = nextTurn().then(() => inside.push('next turn'));
    await come('b');
    await turn;
    expect(inside).toEqual(['a', 'b', 'next turn']);
  });

  it('lets those that come at once in one by one, in their order', async () => {
    const { inside, come } = visitors();
    const begun = performance.now();
    const all = Promise.all(['a', 'b', 'c', 'd'].map(come));
    await nextTurn();
    expect(inside).toEqual(['a']);
    await all;
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
    // A timer may be a millisecond early.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(3 * (INTERVAL_MS - 1));
  });

  it('makes who comes later wait for those before', async () => {
    const { inside, come } = visitors();
    const both = [come('a'), come('b')];
    await sleep(INTERVAL_MS / 2);
    await Promise.all([...both, come('c')]);
    expect(inside).toEqual(['a', 'b', 'c']);
  });

  it('refuses at once who would have to wait behind too many', async () => {
    const { inside, come } = visitors();
    const all = Promise.all(['a', 'b', 'c', 'd'].map(come));
    await expect(come('e')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await all;
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
  });
});
