import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { waitUntil } from '../support/wait.js';
import { ClientGoneError } from '../../src/platform/limits/waiting-line.js';
import { type Ahead, Turnstile } from '../../src/platform/server/turnstile.js';

const INTERVAL_MS = 50;
const MAX_WAITING = 3;

/** Notes who is in, in their order. */
function visitors(ahead: Ahead = { busy: false, room: MAX_WAITING }) {
  const turnstile = new Turnstile(INTERVAL_MS, ahead);
  const inside: string[] = [];
  const come = (name: string, signal?: AbortSignal) => turnstile.pass(signal).then(() => inside.push(name));
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
    const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => come(name)));
    await nextTurn();
    expect(inside).toEqual(['a']);
    await all;
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
    // A timer may be a millisecond early.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(3 * (INTERVAL_MS - 1));
  });

  it('lets more in at a time, the more there are', async () => {
    const { inside, come } = visitors({ busy: false, room: 1_000 });
    const client = new AbortController();
    const all = Array.from({ length: 601 }, (_, index) => come(String(index), client.signal));
    const settled = Promise.allSettled(all);
    await all[1];
    await nextTurn();
    expect(inside).toEqual(['0', '1', '2', '3']);
    client.abort();
    await settled;
    expect(inside.length).toBe(4);
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
    const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => come(name)));
    await expect(come('e')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await all;
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets in one now and then while there is enough to do ahead, and then all in their order', async () => {
    const ahead = { busy: true, room: MAX_WAITING };
    const { inside, come } = visitors(ahead);
    const all = Promise.all(['a', 'b', 'c'].map((name) => come(name)));
    await expect(come('d')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await sleep(1.5 * INTERVAL_MS);
    expect(inside).toEqual(['a']);
    await waitUntil('the next one is in', async () => inside.length === 2, 1_000);
    expect(inside).toEqual(['a', 'b']);
    ahead.busy = false;
    await all;
    expect(inside).toEqual(['a', 'b', 'c']);
  });

  it('refuses at once who would find no room ahead, and has one wait that needs none yet', async () => {
    const ahead = { busy: false, room: 0 };
    const { inside, come } = visitors(ahead);
    const both = Promise.all(['a', 'b'].map((name) => come(name)));
    await expect(come('c')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await both;
    expect(inside).toEqual(['a', 'b']);
    ahead.busy = true;
    await expect(come('d')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('forgets who hangs up, and lets another take the place', async () => {
    const ahead = { busy: true, room: 1 };
    const { inside, come } = visitors(ahead);
    const client = new AbortController();
    const gone = come('a', client.signal);
    client.abort();
    await expect(gone).rejects.toThrow(ClientGoneError);
    const next = come('b');
    ahead.busy = false;
    await next;
    expect(inside).toEqual(['b']);
  });
});
