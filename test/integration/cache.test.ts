import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { MemoryCache } from '../../src/platform/cache/memory-cache.js';
import { RedisCache } from '../../src/platform/cache/redis-cache.js';
import { ANSWER_TIMEOUT_MS, RedisClient } from '../../src/platform/redis/index.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { itBehavesAsACache, slowLoad } from '../support/cache-behaviour.js';
import { countRoundTrips } from '../support/round-trips.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

const TTL_MS = 60_000;

/** Until a process does not believe its own copies of now any more. */
const nearCopy = () => sleep(450);

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

    const clients: RedisClient[] = [];
    const open = async (prefix: string, url = stores.env['REDIS_URL'] ?? '') => {
      const redis = await new RedisClient(url, prefix).connect();
      clients.push(redis);
      const cache = await new RedisCache(redis).open();
      // What is stored in the very millisecond of its start, it does not believe.
      await sleep(2);
      return cache;
    };
    const closeAll = async () => {
      await Promise.all(clients.splice(0).map((redis) => redis.onApplicationShutdown()));
    };
    const newPrefix = () => `${stores.env['REDIS_KEY_PREFIX']}${randomUUID()}:`;

    itBehavesAsACache(async () => {
      const cache = await open(newPrefix());
      return { cache, close: closeAll };
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
        await closeAll();
        await proxy.cut();
      });

      it('shares values and invalidations', async () => {
        await read(near, 'old');
        expect(await read(other, 'new')).toBe('old');
        await other.invalidate('a');
        expect(await read(other, 'new')).toBe('new');
        await waitUntil('the other has heard of it', async () => (await read(near, 'newer')) === 'new', 200);
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

      it('asks Redis for a value every 400 ms at most, and for those alongside with it', async () => {
        for (const key of ['a', 'b', 'c']) await other.getOrLoad(key, TTL_MS, async () => `value of ${key}`);
        const cost = await countRoundTrips(async () => {
          await near.getOrLoad('a', TTL_MS, async () => 'other', ['b', 'c', 'not there']);
          for (const key of ['a', 'b', 'c'])
            expect(await near.getOrLoad(key, TTL_MS, async () => '')).toBe(`value of ${key}`);
        });
        expect(cost.redis).toBe(1);
      });

      it('keeps nothing alongside that is invalidated while it is on its way', async () => {
        for (const key of ['a', 'b']) await other.getOrLoad(key, TTL_MS, async () => `old ${key}`);
        const reading = near.getOrLoad('a', TTL_MS, async () => '', ['b']);
        const invalidating = near.invalidate('b');
        await Promise.all([reading, invalidating]);
        expect(await near.getOrLoad('b', TTL_MS, async () => 'new b')).toBe('new b');
      });

      it('gets over a lost message about a change within half a second', async () => {
        await read(near, 'old');
        // What another instance does that this one never hears of.
        const redis = new Redis(stores.env['REDIS_URL'] ?? '');
        for (const key of await redis.keys(`${stores.env['REDIS_KEY_PREFIX']}*`)) await redis.del(key);
        await redis.quit();
        await sleep(400);
        expect(await read(near, 'new')).toBe('new');
      });

      it('loads while Redis is away, and says so', async () => {
        await read(near, 'old');
        await proxy.cut();
        await nearCopy();
        expect(await read(near, 'new')).toBe('new');
        await nearCopy();
        expect(await read(near, 'newer')).toBe('newer');
        expect(await answers(near)).toBe(false);
      });

      it('waits once for a Redis that stalls, not at every read', async () => {
        await read(near, 'old');
        proxy.stall();
        await nearCopy();
        expect(await read(near, 'new')).toBe('new');
        const begun = performance.now();
        for (let key = 0; key < 20; key += 1) await near.getOrLoad(`stalled ${key}`, TTL_MS, async () => 'loaded');
        expect(performance.now() - begun).toBeLessThan(200);
        await proxy.cut();
        await proxy.restore();
        await waitUntil('Redis is read again', async () => {
          await read(near, 'shared');
          await nearCopy();
          return (await read(other, 'not shared')) === 'shared';
        });
      });

      it('finds no answer late that came while its process was busy', async () => {
        await read(near, 'shared');
        const reading = read(other, 'not shared');
        await setImmediate();
        const busyUntil = performance.now() + 2 * ANSWER_TIMEOUT_MS;
        while (performance.now() < busyUntil);
        expect(await reading).toBe('shared');
        expect(await answers(other)).toBe(true);
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
        await nearCopy();
        await waitUntil('it is shared again', async () => (await read(other, 'new')) === 'new');
      });

      it('applies an invalidation that was lost for the other too, within a second of being back', async () => {
        await read(other, 'old');
        await proxy.cut();
        await near.invalidate('a');
        await proxy.restore();
        await waitUntil('Redis answers again', () => answers(near));
        await nearCopy();
        expect(await read(other, 'new')).toBe('new');
      });

      it('trusts nothing of before it was cut off, as others that were may not have taken it away yet', async () => {
        await read(other, 'old');
        await proxy.cut();
        await nearCopy();
        await read(near, 'loaded');
        await proxy.restore();
        await waitUntil('Redis answers again', () => answers(near));
        await nearCopy();
        expect(await read(near, 'loaded again')).toBe('loaded again');
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
        await waitUntil('it is gone for the other', async () => (await read(other, 'new')) === 'new', 1_000);
      });
    });
  });
}
