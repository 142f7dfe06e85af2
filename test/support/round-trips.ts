import { PGlite, type Transaction } from '@electric-sql/pglite';
import { Redis } from 'ioredis';
import pg from 'pg';

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

function watchDrivers(): void {
  if (watching) return;
  watching = true;
  watch(pg.Client.prototype, 'query', 'sql');
  watch(Redis.prototype, 'sendCommand', 'redis');
  watch(PGlite.prototype, 'query', 'sql');
  const { transaction } = PGlite.prototype;
  PGlite.prototype.transaction = function countedTransaction<T>(this: PGlite, work: (tx: Transaction) => Promise<T>) {
    // BEGIN and COMMIT, which PGlite sends by itself.
    counted.sql += 2;
    return transaction.call(this, (inner: Transaction) => {
      watch(inner, 'query', 'sql');
      return work(inner);
    }) as Promise<T>;
  };
}

/** Counts the calls of a method that leave it as it is. */
function watch<K extends string>(owner: Record<K, unknown> | object, method: K, kind: keyof typeof counted): void {
  const original: unknown = Reflect.get(owner, method);
  if (typeof original !== 'function') throw new Error(`There is no ${method} to count`);
  Reflect.set(owner, method, function count(this: unknown, ...parameters: unknown[]): unknown {
    counted[kind] += 1;
    return Reflect.apply(original, this, parameters);
  });
}
