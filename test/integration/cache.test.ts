import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryCache } from '../../src/platform/cache/memory-cache.js';
import { RedisCache } from '../../src/platform/cache/redis-cache.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { itBehavesAsACache, slowLoad } from '../support/cache-behaviour.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

const TTL_MS = 60_000;

const read = (cache: RedisCache, found: string) => cache.getOrLoad('a', TTL_MS, async () => found);

const answers = (cache: RedisCache) =>
  cache.ping().then(
    () => true,
    () => false,
  );

if (!onServers) {
  describe('The cache of an embedded start', () => {
    itBehavesAsACache(async () => ({ cache: new MemoryCache(), close: async () => undefined }));
  });
} else {
  describe('The cache in Redis', () => {
    let stores: Stores;
    beforeAll(async () => {
      Logger.overrideLogger(false);
      stores = await createStores();
    });
    afterAll(() => stores.remove());

    const open = async (prefix: string, url = stores.env['REDIS_URL'] ?? '') => new RedisCache(url, prefix).connect();
    const newPrefix = () => `${stores.env['REDIS_KEY_PREFIX']}${randomUUID()}:`;

    itBehavesAsACache(async () => {
      const cache = await open(newPrefix());
      return { cache, close: () => cache.onApplicationShutdown() };
    });

    describe('of two instances', () => {
      let proxy: TcpProxy;
      /** Reaches Redis by way of the proxy. */
      let near: RedisCache;
      let other: RedisCache;
      beforeEach(async () => {
        proxy = await TcpProxy.to(stores.env['REDIS_URL'] ?? '');
        const prefix = newPrefix();
        near = await open(prefix, proxy.url);
        other = await open(prefix);
      });
      afterEach(async () => {
        await Promise.all([near.onApplicationShutdown(), other.onApplicationShutdown()]);
        await proxy.cut();
      });

      it('shares values and invalidations', async () => {
        await read(near, 'old');
        expect(await read(other, 'new')).toBe('old');
        await other.invalidate('a');
        expect(await read(near, 'new')).toBe('new');
        expect(await read(other, 'newer')).toBe('new');
      });

      it('keeps out a load of one that the other invalidates', async () => {
        const slow = slowLoad('old');
        const reading = near.getOrLoad('a', TTL_MS, slow.load);
        await slow.begun;
        await other.invalidate('a');
        slow.finish();
        await reading;
        expect(await read(other, 'new')).toBe('new');
      });

      it('loads each time while Redis is away, and says so', async () => {
        await read(near, 'old');
        await proxy.cut();
        expect(await read(near, 'new')).toBe('new');
        expect(await read(near, 'newer')).toBe('newer');
        expect(await answers(near)).toBe(false);
      });

      it('applies an invalidation that was lost before it reads anything again', async () => {
        await read(near, 'old');
        await proxy.cut();
        await near.invalidate('a');
        await proxy.restore();
        // Each read may be the first that gets through.
        await waitUntil('Redis answers again', async () => {
          expect(await read(near, 'new')).toBe('new');
          return answers(near);
        });
        expect(await read(near, 'newer')).toBe('new');
      });

      it('applies an invalidation that was lost for the other too, within a second of being back', async () => {
        await read(other, 'old');
        await proxy.cut();
        await near.invalidate('a');
        await proxy.restore();
        await waitUntil('Redis answers again', () => answers(near));
        await waitUntil('the value is gone', async () => (await read(other, 'new')) === 'new', 1_000);
        expect(await read(other, 'newer')).toBe('new');
      });

      it('keeps out a load that was under way when Redis went and the key was invalidated', async () => {
        const slow = slowLoad('old');
        const reading = near.getOrLoad('a', TTL_MS, slow.load);
        await slow.begun;
        await proxy.cut();
        await near.invalidate('a');
        await proxy.restore();
        await waitUntil('Redis answers again', () => answers(near));
        slow.finish();
        await reading;
        expect(await read(near, 'new')).toBe('new');
        expect(await read(other, 'newer')).toBe('new');
      });
    });
  });
}
