import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Turnstile } from '../../src/platform/http/turnstile.js';

/** Notes who is in, in their order. */
function visitors() {
  const turnstile = new Turnstile();
  const inside: string[] = [];
  const come = (name: string) => turnstile.pass().then(() => inside.push(name));
  return { inside, come };
}

describe('The turnstile', () => {
  it('lets one that comes alone in at once', async () => {
    const { inside, come } = visitors();
    await come('a');
    await nextTurn();
    await nextTurn();
    const turn = nextTurn().then(() => inside.push('next turn'));
    await come('b');
    await turn;
    expect(inside).toEqual(['a', 'b', 'next turn']);
  });

  it('lets those that come at once in one by one, in their order, and others have their turns between', async () => {
    const { inside, come } = visitors();
    const all = Promise.all(['a', 'b', 'c', 'd'].map(come));
    for (let turn = 1; turn < 4; turn += 1) {
      await nextTurn();
      expect(inside).toEqual(['a', 'b', 'c', 'd'].slice(0, turn + 1));
    }
    await all;
  });
});
