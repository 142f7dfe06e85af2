import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cache } from '../../src/platform/cache/index.js';

const TTL_MS = 60_000;

interface OpenCache {
  readonly cache: Cache;
  close(): Promise<void>;
}

/** What every cache must do, whatever it keeps its values in. */
export function itBehavesAsACache(open: () => Promise<OpenCache>): void {
  describe('As every cache, it', () => {
    let opened: OpenCache;
    let cache: Cache;
    beforeEach(async () => {
      opened = await open();
      ({ cache } = opened);
    });
    afterEach(() => opened.close());

    const read = (key: string, found: unknown) => cache.getOrLoad(key, TTL_MS, async () => found);

    it('loads once and keeps what it found', async () => {
      expect(await read('a', { n: [1, null, 'é'] })).toEqual({ n: [1, null, 'é'] });
      expect(await read('a', 'other')).toEqual({ n: [1, null, 'é'] });
    });

    it('does not keep undefined', async () => {
      expect(await read('a', undefined)).toBeUndefined();
      expect(await read('a', 'found')).toBe('found');
    });

    it('keeps nothing of a load that failed', async () => {
      const failing = cache.getOrLoad('a', TTL_MS, async () => {
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await read('a', 'found')).toBe('found');
    });

    it('forgets a value after its time', async () => {
      await cache.getOrLoad('a', 30, async () => 'old');
      await sleep(60);
      expect(await read('a', 'new')).toBe('new');
    });

    it('forgets the keys that are invalidated, and those alone', async () => {
      for (const key of ['a', 'b', 'c']) await read(key, `old ${key}`);
      await cache.invalidate(['a', 'b']);
      expect(await Promise.all(['a', 'b', 'c'].map((key) => read(key, `new ${key}`)))).toEqual([
        'new a',
        'new b',
        'old c',
      ]);
    });

    it('lets no reader change what another gets', async () => {
      const found = { n: 1, list: [{ m: 1 }] };
      const loaded = await cache.getOrLoad('a', TTL_MS, async () => found);
      found.n = 2;
      expect(() => loaded?.list.push({ m: 2 })).toThrow(/not extensible/);
      const kept = await cache.getOrLoad('a', TTL_MS, async () => ({ n: 3 }));
      expect(() => Object.assign(kept ?? {}, { n: 4 })).toThrow(/read only/);
      expect(await read('a', undefined)).toEqual({ n: 1, list: [{ m: 1 }] });
    });

    it('gives the reader who loads a value the same JSON form that later readers get', async () => {
      const date = new Date();
      expect(await read('a', { date })).toEqual({ date: date.toISOString() });
      expect(await read('a', undefined)).toEqual({ date: date.toISOString() });
    });

    it('keeps out what was loaded before an invalidation and arrives after it', async () => {
      const slow = slowLoad('old');
      const reading = cache.getOrLoad('a', TTL_MS, slow.load);
      await slow.begun;
      await cache.invalidate(['a']);
      slow.finish();
      expect(await reading).toBe('old');
      expect(await read('a', 'new')).toBe('new');
      expect(await read('a', 'newer')).toBe('new');
    });

    it('keeps out every load that was under way', async () => {
      const loads = [slowLoad('old 1'), slowLoad('old 2')];
      const readings = loads.map(({ load }) => cache.getOrLoad('a', TTL_MS, load));
      await Promise.all(loads.map(({ begun }) => begun));
      await cache.invalidate(['a']);
      for (const { finish } of loads) finish();
      await Promise.all(readings);
      expect(await read('a', 'new')).toBe('new');
    });

    it('keeps what was loaded after the invalidation, when an older load comes last', async () => {
      const slow = slowLoad('old');
      const reading = cache.getOrLoad('a', TTL_MS, slow.load);
      await slow.begun;
      await cache.invalidate(['a']);
      expect(await read('a', 'new')).toBe('new');
      slow.finish();
      await reading;
      expect(await read('a', 'newer')).toBe('new');
    });

    it('keeps a load that another key is invalidated during', async () => {
      const slow = slowLoad('kept');
      const reading = cache.getOrLoad('a', TTL_MS, slow.load);
      await slow.begun;
      await cache.invalidate(['b']);
      slow.finish();
      await reading;
      expect(await read('a', 'other')).toBe('kept');
    });

    it('answers a ping', async () => {
      await expect(cache.ping()).resolves.toBeUndefined();
    });
  });
}

/** A load that says when it has begun, and finishes when it is told to. */
export function slowLoad(value: string) {
  let begin: (() => void) | undefined;
  let finish: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const load = async () => {
    begin?.();
    await finished;
    return value;
  };
  return { load, begun, finish: () => finish?.() };
}
