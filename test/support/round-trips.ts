import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { onServers } from './stores.js';

/** For how long a process believes its own copy of what Redis holds, in milliseconds, and a little longer. */
const NEAR_COPY_MS = 450;

/** What a piece of work asked of the stores. `BEGIN` and `COMMIT` count: each is a round trip. */
export interface RoundTrips {
  /** SQL statements. */
  readonly sql: number;
  /** Redis commands. A pipeline counts each of its own. */
  readonly redis: number;
}

const counted = { sql: 0, redis: 0 };
let watching = false;

/** Counts what `work` asks of the stores, over every connection of this process: nothing else may run beside it. */
export async function countRoundTrips(work: () => Promise<unknown>): Promise<RoundTrips> {
  watchDrivers();
  const before = { ...counted };
  await work();
  return { sql: counted.sql - before.sql, redis: counted.redis - before.redis };
}

/** Waits until no process believes a copy of its own of what is in the cache now. */
export async function nearCopiesGone(): Promise<void> {
  if (onServers) await sleep(NEAR_COPY_MS);
}

function watchDrivers(): void {
  if (watching) return;
  watching = true;
  watch(pg.Client.prototype, 'query', 'sql');
  watch(Redis.prototype, 'sendCommand', 'redis');
  watch(PGlite.prototype, 'query', 'sql');
  watch(PGlite.prototype, 'transaction', 'sql', (work: unknown) => {
    // BEGIN and COMMIT, which PGlite sends by itself: one is counted by the call.
    counted.sql += 1;
    return (transaction: object) => {
      watch(transaction, 'query', 'sql');
      return typeof work === 'function' ? Reflect.apply(work, undefined, [transaction]) : undefined;
    };
  });
}

/** Counts the calls of a method; what it is given may be exchanged on the way. */
function watch(
  owner: object,
  method: string,
  kind: keyof typeof counted,
  exchange: (parameter: unknown) => unknown = (parameter) => parameter,
): void {
  const original: unknown = Reflect.get(owner, method);
  if (typeof original !== 'function') throw new Error(`There is no ${method} to count`);
  Reflect.set(owner, method, function count(this: unknown, first: unknown, ...others: unknown[]): unknown {
    counted[kind] += 1;
    return Reflect.apply(original, this, [exchange(first), ...others]);
  });
}
