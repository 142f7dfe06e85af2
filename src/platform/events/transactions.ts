import { Injectable, Logger } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { type Prisma, PrismaService, whileInTransaction } from '#platform/database';
import { EventBus } from './event-bus.js';
import { heldCommit } from './held-commit.js';
import { Outbox } from './outbox.js';
import type { Transaction } from './transaction.js';

/** How long an answer waits for the handlers after its commit, in milliseconds, all together. */
const AFTER_COMMIT_MS = 1_000;

/** Runs units of work. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly events: EventBus,
    private readonly cache: Cache,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Commits when `work` resolves and rolls back when it throws; returns after the after-commit handlers did. A request with
   * an `Idempotency-Key` commits only when its answer is known, and `run` returns before.
   */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return heldCommit()?.hold(work, (whole) => this.commit(whole)) ?? this.commit(work);
  }

  /** Waits for the handlers, up to a limit: a slow one keeps running, and the client gets the answer. */
  private async afterCommit(published: readonly object[]): Promise<void> {
    if (published.length === 0) return;
    const handled = (async () => {
      for (const event of published) await this.events.publish(event);
    })();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        const names = [...new Set(published.map((event) => event.constructor.name))].join(', ');
        this.logger.warn(
          `Handlers after the commit of ${names} take over ${AFTER_COMMIT_MS} ms; the answer goes ahead`,
        );
        resolve();
      }, AFTER_COMMIT_MS);
    });
    await Promise.race([handled, late]);
    clearTimeout(timer);
  }

  private async commit<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const published: object[] = [];
    const outdated = new Set<string>();
    let done = false;
    let delivers = false;
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
      delivers = await this.outbox.store(published, db);
      done = true;
      return result;
    };
    let result: T;
    try {
      result = await this.prisma.$transaction((db) => whileInTransaction(() => transact(db)));
    } catch (error) {
      // If the connection was lost during the commit, the change may have been committed.
      if (done) await this.cache.invalidate([...outdated]);
      throw error;
    }
    try {
      await this.cache.invalidate([...outdated]);
    } finally {
      if (delivers) this.outbox.wake();
      await this.afterCommit(published);
    }
    return result;
  }
}
