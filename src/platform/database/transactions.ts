import { Injectable } from '@nestjs/common';
import { EventBus } from '../events/event-bus.js';
import { PrismaService } from './prisma.service.js';
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
    const result = await this.prisma.$transaction(async (db) => {
      const transaction: Transaction = {
        db,
        publish: async (event) => {
          published.push(event);
          await this.events.deliverInTransaction(event, transaction);
        },
      };
      return work(transaction);
    });
    for (const event of published) await this.events.deliverAfterCommit(event);
    return result;
  }
}
