/**
 * Keeps answers that are dear to work out; also the injection token. What it holds may be lost at any time, so
 * it is never the only copy of anything. Values are JSON, and frozen: all who read a key share one object.
 */
export abstract class Cache {
  /**
   * The value kept under `key`, or what `load` finds, kept for `ttlMs`; nothing found is not kept. A value that
   * was loaded before an invalidation of its key and arrives after it is not kept either. A cache that cannot be
   * reached loads.
   *
   * @param alongside keys that are likely to be asked for next: brought along where there is a round trip to make
   */
  abstract getOrLoad<T>(
    key: string,
    ttlMs: number,
    load: () => Promise<T | undefined>,
    alongside?: readonly string[],
  ): Promise<T | undefined>;

  /** Forgets keys on every instance. To be called after the commit of what made them outdated. */
  abstract invalidate(...keys: string[]): Promise<void>;

  /** @throws when the cache cannot be reached */
  abstract ping(): Promise<void>;
}
