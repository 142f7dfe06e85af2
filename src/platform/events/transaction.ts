import type { Prisma } from '#platform/database';

/** One unit of work: what is done through it, and what handlers of its events do, commits together or not at all. */
export interface Transaction {
  readonly db: Prisma.TransactionClient;
  /**
   * Runs the handlers of `EventBus.withinTransaction` now (one that throws vetoes the whole transaction), and those of
   * `afterCommit` once the transaction has committed.
   */
  publish(event: object): Promise<void>;
  /** Removes outdated values from the cache of every instance, after the commit and before the answer. */
  forget(...cacheKeys: string[]): void;
}
