import type { Prisma } from '../database/generated/client.js';

/** One unit of work: what is done through it, and what handlers of its events do, commits together or not at all. */
export interface Transaction {
  readonly db: Prisma.TransactionClient;
  /**
   * Tells who subscribed: in-transaction handlers now (one that throws vetoes the whole transaction), the others
   * once the transaction has committed.
   */
  publish(event: object): Promise<void>;
}
