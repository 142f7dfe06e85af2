import { type TestApp, startApp } from './app.js';
import { createStores, onServers, type Stores } from './stores.js';
import { TcpProxy } from './tcp-proxy.js';

/** Two instances of the application on the same stores, whose Redis can be taken away. */
export interface Instances {
  readonly all: readonly [TestApp, TestApp];
  readonly stores: Stores;
  /** Redis goes: connections end, and what it kept is lost, as it keeps nothing on disk. */
  stopRedis(): Promise<void>;
  startRedis(): Promise<void>;
  /** Ends both instances and starts them anew. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** On embedded stores there can be one instance only: it is both. */
export async function startInstances(env: Readonly<Record<string, string>> = {}): Promise<Instances> {
  const stores = await createStores();
  const proxy = onServers ? await TcpProxy.to(stores.env['REDIS_URL'] ?? '') : undefined;
  const settings = { ...(proxy === undefined ? {} : { REDIS_URL: proxy.url }), ...env };
  const start = async (): Promise<[TestApp, TestApp]> => {
    const first = await startApp(settings, stores);
    return [first, onServers ? await startApp(settings, stores) : first];
  };
  let all = await start();
  return {
    get all() {
      return all;
    },
    stores,
    stopRedis: async () => {
      await proxy?.cut();
      await stores.flushCache();
    },
    startRedis: async () => proxy?.restore(),
    restart: async () => {
      await end(all);
      all = await start();
    },
    close: async () => {
      await end(all);
      await proxy?.cut();
      await stores.remove();
    },
  };
}

async function end(apps: readonly TestApp[]): Promise<void> {
  await Promise.all([...new Set(apps)].map((app) => app.close()));
}
