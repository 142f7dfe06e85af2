import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { LocalLimiter } from '../../src/platform/limits/local-limiter.js';

const limit = (max: number, windowMs = 60_000, key = 'a') => ({ key, max, windowMs });

async function taken(limiter: LocalLimiter, times: number, ...limits: ReturnType<typeof limit>[]): Promise<number> {
  let count = 0;
  for (let n = 0; n < times; n += 1) if ((await limiter.count(limits)).taken) count += 1;
  return count;
}

describe('The limiter of one process', () => {
  it('lets in as many as there may be, then none until the window is over', async () => {
    const limiter = new LocalLimiter();
    expect(await taken(limiter, 5, limit(3, 60))).toBe(3);
    await sleep(80);
    expect(await taken(limiter, 5, limit(3, 60))).toBe(3);
  });

  it('counts at every key or at none', async () => {
    const limiter = new LocalLimiter();
    await taken(limiter, 1, limit(1, 60_000, 'full'));
    expect(await taken(limiter, 3, limit(1, 60_000, 'full'), limit(2, 60_000, 'other'))).toBe(0);
    expect(await taken(limiter, 3, limit(2, 60_000, 'other'))).toBe(2);
  });

  it('has a place again that was given back, and not one that stays counted', async () => {
    const limiter = new LocalLimiter();
    const [first, second] = [await limiter.reserve([limit(2)]), await limiter.reserve([limit(2)])];
    const full = await limiter.reserve([limit(2)]);
    expect([full.taken, full.standings[0]?.open]).toEqual([false, 2]);
    await limiter.settle(first, false);
    await limiter.settle(second, true);
    expect((await limiter.reserve([limit(2)])).standings[0]).toMatchObject({ hits: 2, open: 1 });
    expect((await limiter.reserve([limit(2)])).taken).toBe(false);
  });

  it('lets in its share of what was left, where others count too and cannot be asked', async () => {
    const limiter = new LocalLimiter();
    limiter.learn('a', { hits: 4, open: 0, endsInMs: 60_000, window: '1' }, 2, 2);
    expect(await taken(limiter, 20, limit(10))).toBe(3);
    expect(await taken(limiter, 20, limit(10, 60_000, 'new'))).toBe(5);
  });

  it('lets in one at least of who is new, however many share', async () => {
    const limiter = new LocalLimiter();
    limiter.learn('other', { hits: 1, open: 0, endsInMs: 60_000, window: '1' }, 0, 50);
    expect(await taken(limiter, 5, limit(5))).toBe(1);
  });
});
