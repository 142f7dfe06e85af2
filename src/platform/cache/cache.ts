/**
 * Caches results that are expensive to compute; also the injection token. Any value may be lost at any time, so
 * the cache never holds the only copy of anything. Values are JSON, and frozen: all readers of a key share one object.
 */
export abstract class Cache {
  /**
   * Returns the value cached under `key`, or loads it and caches it for `ttlMs`. `undefined` is not cached, and neither
   * is a value whose load began before an invalidation of its key and ended after it. Loads when the cache is away.
   */
  abstract getOrLoad<T>(key: string, ttlMs: number, load: () => Promise<T | undefined>): Promise<T | undefined>;

  /**
   * Forgets keys: at once on this instance, within a second on every other one. Call it after the commit of the change
   * that outdated them; `transaction.forget()` does.
   *
   * @throws when neither Redis nor the database takes the invalidation: it then takes effect once the database does
   */
  abstract invalidate(keys: readonly string[]): Promise<void>;

  /** @throws when the cache is away, or keeps or deletes nothing */
  abstract ping(): Promise<void>;
}
