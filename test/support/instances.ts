import { type TestApp, startApp } from './app.js';
import { createStores, onServers, type Stores } from './stores.js';
import { TcpProxy } from './tcp-proxy.js';

/** Two instances of the application on the same stores, whose Redis can be taken away. */
export interface Instances {
  readonly all: readonly [TestApp, TestApp];
  readonly stores: Stores;
  /** Between each instance and Redis. */
  readonly redis: readonly TcpProxy[];
  /** Takes Redis away: connections end, and what it held is lost, as it keeps nothing on disk. */
  stopRedis(): Promise<void>;
  startRedis(): Promise<void>;
  /** Ends both instances and starts them anew. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Embedded stores allow one instance only: it is both.
 *
 * @param redisUrl of another Redis than the one that the suites share
 */
export async function startInstances(
  env: Readonly<Record<string, string>> = {},
  redisUrl?: string,
): Promise<Instances> {
  const stores = await createStores();
  const target = redisUrl ?? stores.env['REDIS_URL'] ?? '';
  const redis = onServers ? [await TcpProxy.to(target), await TcpProxy.to(target)] : [];
  const start = async (): Promise<[TestApp, TestApp]> => {
    const [proxy, otherProxy] = redis;
    if (proxy === undefined || otherProxy === undefined) {
      const only = await startApp(env, stores);
      return [only, only];
    }
    return [
      await startApp({ REDIS_URL: proxy.url, ...env }, stores),
      await startApp({ REDIS_URL: otherProxy.url, ...env }, stores),
    ];
  };
  let all = await start();
  return {
    get all() {
      return all;
    },
    stores,
    redis,
    stopRedis: async () => {
      await Promise.all(redis.map((proxy) => proxy.cut()));
      await stores.flushCache();
    },
    startRedis: async () => {
      await Promise.all(redis.map((proxy) => proxy.restore()));
    },
    restart: async () => {
      await end(all);
      all = await start();
    },
    close: async () => {
      await end(all);
      await Promise.all(redis.map((proxy) => proxy.cut()));
      await stores.remove();
    },
  };
}

async function end(apps: readonly TestApp[]): Promise<void> {
  await Promise.all([...new Set(apps)].map((app) => app.close()));
}
