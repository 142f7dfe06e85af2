import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CacheEpoch } from '../../src/platform/cache/cache-epoch.js';
import { MemoryCache } from '../../src/platform/cache/memory-cache.js';
import { RedisCache } from '../../src/platform/cache/redis-cache.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { PostgresDriver } from '../../src/platform/postgres/postgres.driver.js';
import { RedisClient } from '../../src/platform/redis/index.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { itBehavesAsACache, slowLoad } from '../support/cache-behaviour.js';
import { RedisServer } from '../support/redis-server.js';
import { countRoundTrips } from '../support/round-trips.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

const TTL_MS = 60_000;
/** What the contract allows for a revocation. */
const LIMIT_MS = 1_000;

/** Until an instance no longer believes the copies that it has now. */
const localCopiesGone = () => sleep(450);

const read = (cache: RedisCache, found: string) => cache.getOrLoad('a', TTL_MS, async () => found);

const expectNewWithin = (ms: number, cache: RedisCache) =>
  waitUntil('the new value is read', async () => (await read(cache, 'new')) === 'new', ms);

const newPrefix = () => `${randomUUID()}:`;

const answers = (cache: RedisCache) =>
  cache.ping().then(
    () => true,
    () => false,
  );

if (!onServers) {
  describe('The cache of a start with embedded stores', () => {
    itBehavesAsACache(async () => ({ cache: new MemoryCache(), close: async () => undefined }));
  });
} else {
  describe('The cache in Redis', () => {
    let stores: Stores;
    let server: RedisServer;
    beforeAll(async () => {
      Logger.overrideLogger(false);
      [stores, server] = await Promise.all([createStores(), RedisServer.start()]);
    });
    afterAll(async () => {
      await server.stop();
      await stores.remove();
    });

    const opened: { cache: RedisCache; redis: RedisClient; prisma: PrismaService }[] = [];
    const open = async (prefix: string, url = server.url, databaseUrl = stores.env['DATABASE_URL'] ?? '') => {
      const redis = await new RedisClient(url, prefix).connect();
      const options = {
        url: databaseUrl,
        pgbouncer: false,
        poolMin: 0,
        poolMax: 2,
        probeTimeoutMs: 450,
        onIdleError: () => undefined,
      };
      const prisma = new PrismaService(new PostgresDriver(options));
      const cache = await new RedisCache(redis, new CacheEpoch(prisma)).open();
      opened.push({ cache, redis, prisma });
      return cache;
    };
    const closeAll = async () => {
      for (const { cache, redis, prisma } of opened.splice(0)) {
        await cache.onApplicationShutdown();
        await Promise.all([redis.onApplicationShutdown(), prisma.onApplicationShutdown()]);
      }
    };
    itBehavesAsACache(async () => {
      const cache = await open(newPrefix());
      return { cache, close: closeAll };
    });

    describe('of two instances', () => {
      let prefix: string;
      let proxy: TcpProxy;
      /** Reaches Redis through the proxy. */
      let near: RedisCache;
      let other: RedisCache;
      let direct: Redis;
      beforeEach(async () => {
        proxy = await TcpProxy.to(server.url);
        prefix = newPrefix();
        near = await open(prefix, proxy.url);
        other = await open(prefix);
        direct = new Redis(server.url);
        await sameEpoch();
      });
      afterEach(async () => {
        await closeAll();
        await proxy.cut();
        await server.allowEverything();
        await direct.quit();
      });

      /** Waits until both believe what the other writes: the second one began an epoch at its start. */
      const sameEpoch = () =>
        waitUntil('both are in the same epoch', async () => {
          const key = randomUUID();
          await near.getOrLoad(key, TTL_MS, async () => 'shared');
          return (await other.getOrLoad(key, TTL_MS, async () => 'not shared')) === 'shared';
        });

      it('shares values and invalidations', async () => {
        await read(near, 'old');
        expect(await read(other, 'new')).toBe('old');
        await other.invalidate(['a']);
        expect(await read(other, 'new')).toBe('new');
        await waitUntil('it is forgotten here too', async () => (await read(near, 'newer')) === 'new', LIMIT_MS);
      });

      it('keeps out a load of one that the other invalidates', async () => {
        const slow = slowLoad('old');
        const reading = near.getOrLoad('a', TTL_MS, slow.load);
        await slow.begun;
        await other.invalidate(['a']);
        slow.finish();
        await reading;
        expect(await read(other, 'new')).toBe('new');
      });

      it('asks Redis for a value every 400 ms at most', async () => {
        await read(other, 'value');
        const cost = await countRoundTrips(async () => {
          for (let reads = 0; reads < 3; reads += 1) expect(await read(near, '')).toBe('value');
        });
        expect(cost).toEqual({ sql: 0, redis: 1 });
      });

      it('keeps a value and its lease under one hash tag, so that a cluster holds them in one slot', async () => {
        await read(near, 'value');
        const keys = await direct.keys(`${prefix}*{a}*`);
        expect(keys.toSorted()).toEqual([`${prefix}{a}:lease`, `${prefix}{a}:value`]);
      });

      it('loads while Redis is away, and says so', async () => {
        await read(near, 'old');
        await proxy.cut();
        await localCopiesGone();
        expect(await read(near, 'new')).toBe('new');
        await localCopiesGone();
        expect(await read(near, 'newer')).toBe('newer');
        expect(await answers(near)).toBe(false);
      });

      it('waits briefly for a Redis that does not answer, and not at all once it has been silent for two seconds', async () => {
        await read(near, 'old');
        proxy.stall();
        await localCopiesGone();
        const timed = async (reads: number) => {
          const begun = performance.now();
          for (let key = 0; key < reads; key += 1) {
            expect(await near.getOrLoad(String(key), TTL_MS, async () => 'loaded')).toBe('loaded');
          }
          return performance.now() - begun;
        };
        expect(await timed(1)).toBeLessThan(1_000);
        await sleep(2_500);
        expect(await timed(20)).toBeLessThan(1_000);
        await proxy.cut();
        await proxy.restore();
        await sameEpoch();
      });

      it('believes nothing while the database does not tell the epoch', async () => {
        const database = await TcpProxy.to(stores.env['DATABASE_URL'] ?? '');
        const cache = await open(prefix, server.url, database.url);
        await read(cache, 'old');
        await database.cut();
        await waitUntil('it loads', async () => (await read(cache, 'new')) === 'new', LIMIT_MS);
        expect(await read(cache, 'newer')).toBe('newer');
        await database.restore();
        await waitUntil('it caches again', async () => {
          const value = randomUUID();
          return (await read(cache, value)) !== value;
        });
        await closeAll();
        await database.cut();
      });

      it('still caches while requests use every connection to the database', async () => {
        await read(near, 'kept');
        const busy = opened.flatMap(({ prisma }) =>
          Array.from({ length: 8 }, () => prisma.$queryRaw`SELECT pg_sleep(0.4)::text`),
        );
        await sleep(1_200);
        expect(await read(near, 'new')).toBe('kept');
        await Promise.all(busy);
      });

      describe.each<[string, () => Promise<unknown> | void]>([
        ['while Redis is away', () => proxy.cut()],
        ['that Redis never answers', () => proxy.drop('\r\ndel\r\n')],
        ['that never reaches Redis', () => proxy.stall()],
        ['that Redis refuses', () => server.refuseDeletions()],
        ['of a read-only Redis', () => server.refuseWrites()],
      ])('forgets a key by an invalidation %s', (_, arrange) => {
        it('at once here, within a second on the other instance', async () => {
          expect([await read(near, 'old'), await read(other, '')]).toEqual(['old', 'old']);
          await arrange();
          await near.invalidate(['a']);
          await Promise.all([
            expectNewWithin(LIMIT_MS, other),
            read(near, 'new').then((value) => expect(value).toBe('new')),
          ]);
        });

        it('and keeps out a load that was in progress', async () => {
          const slow = slowLoad('old');
          const reading = other.getOrLoad('a', TTL_MS, slow.load);
          await slow.begun;
          await arrange();
          await near.invalidate(['a']);
          slow.finish();
          expect(await reading).toBe('old');
          await localCopiesGone();
          await expectNewWithin(LIMIT_MS - 450, other);
        });

        it('and keeps the old value away when Redis works again', async () => {
          expect([await read(near, 'old'), await read(other, '')]).toEqual(['old', 'old']);
          await arrange();
          await near.invalidate(['a']);
          proxy.drop(undefined);
          await Promise.all([proxy.cut(), server.allowEverything()]);
          await proxy.restore();
          await waitUntil('Redis answers again', async () => {
            expect(await read(near, 'new')).toBe('new');
            return answers(near);
          });
          await localCopiesGone();
          expect([await read(near, 'new'), await read(other, 'new')]).toEqual(['new', 'new']);
        });
      });

      it('says that it does not work while Redis refuses deletions or writes', async () => {
        await server.refuseDeletions();
        expect(await answers(near)).toBe(false);
        await server.allowEverything();
        expect(await answers(near)).toBe(true);
        await server.refuseWrites();
        expect(await answers(near)).toBe(false);
      });

      it('trusts no value from before a lost connection, because another instance may have failed to delete it', async () => {
        await read(other, 'old');
        await proxy.cut();
        await localCopiesGone();
        await read(near, 'loaded');
        await proxy.restore();
        await waitUntil('Redis answers again', () => answers(near));
        await localCopiesGone();
        expect(await read(near, 'loaded again')).toBe('loaded again');
      });

      it.each<[string, () => Promise<RedisCache>]>([
        [
          'while it was cut off',
          async () => {
            await proxy.cut();
            await proxy.restore();
            await waitUntil('Redis answers again', () => answers(near));
            return near;
          },
        ],
        ['while no instance ran', () => open(prefix)],
      ])('does not believe deleted values that Redis restored %s', async (_, reopen) => {
        await read(near, 'old');
        const key = `${prefix}{a}:value`;
        const text = await direct.get(key);
        await near.invalidate(['a']);
        await direct.set(key, text ?? '');
        expect(await read(await reopen(), 'new')).toBe('new');
      });

      it('forgets a key also when the invalidating instance has not heard of the new epoch', async () => {
        // Starting, this one begins an epoch.
        const third = await open(prefix);
        expect(await read(third, 'old')).toBe('old');
        await near.invalidate(['a']);
        await expectNewWithin(LIMIT_MS, third);
      });

      it('writes one epoch for many invalidations at once', async () => {
        await proxy.cut();
        const cost = await countRoundTrips(() =>
          Promise.all(Array.from({ length: 100 }, (_, key) => near.invalidate([String(key)]))),
        );
        expect(cost.sql).toBeLessThanOrEqual(2);
      });

      it('forgets 60,000 keys with less than 1.5 s of CPU', async () => {
        await read(other, 'old');
        const keys = ['a', ...Array.from({ length: 60_000 }, (_, key) => `session:${key}`)];
        const before = process.cpuUsage();
        await other.invalidate(keys);
        const { user, system } = process.cpuUsage(before);
        expect((user + system) / 1_000).toBeLessThan(1_500);
        expect(await read(other, 'new')).toBe('new');
      });
    });
  });

  describe('A Redis that closes every connection', () => {
    it('is tried again at growing intervals, and one log line says that it cannot be reached', async () => {
      const warnings: unknown[] = [];
      Logger.overrideLogger({ log() {}, error() {}, warn: (line: unknown) => void warnings.push(line) });
      let connections = 0;
      const server = createServer((socket) => {
        connections += 1;
        socket.destroy();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const redis = await new RedisClient(`redis://127.0.0.1:${port}`, '').connect();
      await sleep(3_000);
      expect(await redis.attempt((commands) => commands.get('a'))).toBeUndefined();
      await redis.onApplicationShutdown();
      server.close();
      expect(connections).toBeGreaterThanOrEqual(4);
      expect(connections).toBeLessThanOrEqual(7);
      expect(warnings).toEqual([expect.stringMatching(/^Redis is away \(.+\): working without it$/)]);
    });
  });
}
