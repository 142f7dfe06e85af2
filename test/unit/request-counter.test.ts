import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RequestCounter } from '../../src/platform/limits/request-counter.js';

describe('The request counter without Redis', () => {
  const limit = { max: 3, windowMs: 60_000 };

  it('counts up to the limit, then nothing until the window ends', async () => {
    const counter = new RequestCounter(undefined);
    const brief = { max: 2, windowMs: 60 };
    const count = async () => {
      const { counted, hits } = await counter.count('a', brief);
      return [counted, hits];
    };
    expect([await count(), await count(), await count()]).toEqual([
      [true, 1],
      [true, 2],
      [false, 2],
    ]);
    await sleep(80);
    expect(await count()).toEqual([true, 1]);
  });

  it('counts each key by itself', async () => {
    const counter = new RequestCounter(undefined);
    await counter.count('a', limit);
    expect((await counter.count('b', limit)).hits).toBe(1);
  });

  it('does not move the end of a window', async () => {
    const counter = new RequestCounter(undefined);
    const { endsInMs } = await counter.count('a', limit);
    await sleep(30);
    expect((await counter.count('a', limit)).endsInMs).toBeLessThan(endsInMs - 20);
  });

  it('tells a throttler guard that it is blocked, and until when in seconds', async () => {
    const counter = new RequestCounter(undefined);
    const increment = () => counter.increment('a', 60_000, 1, 0, 'default');
    expect(await increment()).toEqual({ totalHits: 1, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 });
    expect(await increment()).toEqual({ totalHits: 2, timeToExpire: 60, isBlocked: true, timeToBlockExpire: 60 });
  });

  it('remembers the 100,000 keys that were counted last', async () => {
    const counter = new RequestCounter(undefined);
    for (let key = 0; key <= 100_000; key += 1) await counter.count(String(key), limit);
    expect((await counter.count('1', limit)).hits).toBe(2);
    expect((await counter.count('0', limit)).hits).toBe(1);
  });
});
