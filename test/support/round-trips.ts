import { setTimeout as sleep } from 'node:timers/promises';
import { SET_SESSION } from '../../src/platform/postgres/session-settings.js';
import { FoldedFailures } from '../../src/audit/folded-failures.js';
import { LinkerService } from '../../src/audit/linker.service.js';
import { Outbox } from '../../src/platform/events/index.js';
import { SearchTextsService } from '../../src/users/index.js';
import type { TestApp } from './app.js';
import { pg, PGlite, Redis } from './native.js';
import { onServers } from './stores.js';

/** Slightly longer (ms) than a process keeps using its local copy of a value that is stored in Redis. */
const NEAR_COPY_MS = 450;

/** Not part of a request: a timer reads the cache's epoch, a new connection sets itself up, and a slow one is probed. */
const APART = new Set<unknown>(['SELECT value FROM cache_epoch', SET_SESSION, 'SELECT 1']);

/** How many requests were sent to the stores. `BEGIN` and `COMMIT` count: each is a round trip. */
export interface RoundTrips {
  /** SQL statements. */
  readonly sql: number;
  /** Redis commands, including each command of a pipeline. */
  readonly redis: number;
}

const counted = { sql: 0, redis: 0 };
let watching = false;

/** Counts the requests of `work` to the stores, on all connections of this process: nothing else may run meanwhile. */
export async function countRoundTrips(work: () => Promise<unknown>): Promise<RoundTrips> {
  watchDrivers();
  const before = { ...counted };
  await work();
  return { sql: counted.sql - before.sql, redis: counted.redis - before.redis };
}

/** Waits until no process uses its own copy of a value that is in the cache now. */
export async function nearCopiesGone(): Promise<void> {
  if (onServers) await sleep(NEAR_COPY_MS);
}

/** Ends what queries in the background, which would change the counts. */
export async function stopBackground({ app }: TestApp): Promise<void> {
  await app.get(LinkerService).onApplicationShutdown();
  await app.get(FoldedFailures).stop();
  await app.get(SearchTextsService).onModuleDestroy();
  await app.get(Outbox).onModuleDestroy();
}

function watchDrivers(): void {
  if (watching) return;
  watching = true;
  watch(pg.Client.prototype, 'query', 'sql');
  watch(Redis.prototype, 'sendCommand', 'redis');
  watch(PGlite.prototype, 'query', 'sql');
  watch(PGlite.prototype, 'transaction', 'sql', (work: unknown) => {
    // PGlite sends BEGIN and COMMIT by itself: one is counted by the call, the other here.
    counted.sql += 1;
    return (transaction: object) => {
      watch(transaction, 'query', 'sql');
      return typeof work === 'function' ? Reflect.apply(work, undefined, [transaction]) : undefined;
    };
  });
}

/** Counts the calls of a method; `exchange` may replace its first argument. */
function watch(
  owner: object,
  method: string,
  kind: keyof typeof counted,
  exchange: (parameter: unknown) => unknown = (parameter) => parameter,
): void {
  const original: unknown = Reflect.get(owner, method);
  if (typeof original !== 'function') throw new Error(`There is no ${method} to count`);
  Reflect.set(owner, method, function count(this: unknown, first: unknown, ...others: unknown[]): unknown {
    if (!APART.has(first)) counted[kind] += 1;
    return Reflect.apply(original, this, [exchange(first), ...others]);
  });
}
