import { describe, expect, it } from '@jest/globals';
import { MemoryCache } from '../../src/platform/cache/memory-cache.js';
import { itBehavesAsACache } from '../support/cache-behaviour.js';

describe('The in-process cache', () => {
  itBehavesAsACache(async () => ({ cache: new MemoryCache(), close: async () => undefined }));

  it('keeps the 10,000 most recently used values', async () => {
    const cache = new MemoryCache();
    const read = (key: number, found: string) => cache.getOrLoad(String(key), 60_000, async () => found);
    for (let key = 0; key < 10_000; key += 1) await read(key, 'old');
    await read(0, 'new');
    await read(10_000, 'old');
    expect(await read(0, 'new')).toBe('old');
    expect(await read(1, 'new')).toBe('new');
  });
});
