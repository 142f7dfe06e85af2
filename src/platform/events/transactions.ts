import { Injectable } from '@nestjs/common';
import { EventBus } from './event-bus.js';
import type { Prisma } from '../database/generated/client.js';
import { PrismaService } from '#platform/database';
import type { Transaction } from './transaction.js';

/** Runs units of work. */
@Injectable()
export class Transactions {
  constructor(
    private readonly prisma: PrismaService,
    private readonly events: EventBus,
  ) {}

  /** Commits when `work` resolves and rolls back when it throws; returns after the after-commit handlers did. */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const published: object[] = [];
    let done = false;
    const transact = async (db: Prisma.TransactionClient): Promise<T> => {
      const transaction: Transaction = {
        db,
        publish: async (event) => {
          published.push(event);
          await this.events.deliverInTransaction(event, transaction);
        },
      };
      const result = await work(transaction);
      done = true;
      return result;
    };
    let result: T;
    try {
      result = await this.prisma.$transaction(transact);
    } finally {
      // Also where the commit failed: it may have gone through.
      if (done) await this.events.deliverSettled(published);
    }
    await this.events.deliverAfterCommit(published);
    return result;
  }
}
