import { Injectable } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { type Prisma, PrismaService } from '#platform/database';
import { EventBus } from './event-bus.js';
import { heldCommit } from './held-commit.js';
import type { Transaction } from './transaction.js';

/** Runs units of work. */
@Injectable()
export class Transactions {
  constructor(
    private readonly prisma: PrismaService,
    private readonly events: EventBus,
    private readonly cache: Cache,
  ) {}

  /**
   * Commits when `work` resolves and rolls back when it throws; returns after the after-commit handlers did. A request with
   * an `Idempotency-Key` commits only when its answer is known, and `run` returns before.
   */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return heldCommit()?.hold(work, (whole) => this.commit(whole)) ?? this.commit(work);
  }

  private async commit<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const published: object[] = [];
    const outdated = new Set<string>();
    let done = false;
    const transact = async (db: Prisma.TransactionClient): Promise<T> => {
      const transaction: Transaction = {
        db,
        publish: async (event) => {
          published.push(event);
          await this.events.publishWithin(transaction, event);
        },
        forget: (...cacheKeys) => {
          for (const key of cacheKeys) outdated.add(key);
        },
      };
      const result = await work(transaction);
      done = true;
      return result;
    };
    let result: T;
    try {
      result = await this.prisma.$transaction(transact);
    } catch (error) {
      // If the connection was lost during the commit, the change may have been committed.
      if (done) await this.cache.invalidate([...outdated]);
      throw error;
    }
    try {
      await this.cache.invalidate([...outdated]);
    } finally {
      for (const event of published) await this.events.publish(event);
    }
    return result;
  }
}
