import { Injectable, Logger } from '@nestjs/common';
import type { Transaction } from './transaction.js';

// The parameter list of an arbitrary class; nothing is ever constructed through it.
export type EventClass<E extends object> = abstract new (...args: never[]) => E;

type WithinTransaction = (event: object, transaction: Transaction) => Promise<void>;
type AfterCommit = (event: object) => Promise<void>;

/**
 * Typed events between modules, heard at one of two moments: within the transaction, or after its commit. A subscription
 * to a class also gets the events of its subclasses.
 */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly handlersWithin: WithinTransaction[] = [];
  private readonly handlersAfter: AfterCommit[] = [];

  /** The handler's writes commit with the change. If it throws, the change is rolled back. */
  withinTransaction<E extends object>(
    eventClass: EventClass<E>,
    handler: (event: E, transaction: Transaction) => Promise<void>,
  ): void {
    this.handlersWithin.push(async (event, transaction) => {
      if (event instanceof eventClass) await handler(event, transaction);
    });
  }

  /** The handler runs before the client gets its answer. If it throws, the error is only logged: the change is committed. */
  afterCommit<E extends object>(eventClass: EventClass<E>, handler: (event: E) => Promise<void>): void {
    this.handlersAfter.push(async (event) => {
      if (event instanceof eventClass) await handler(event);
    });
  }

  /**
   * Runs the handlers of `afterCommit`. Call it for an event that changed nothing, such as a refusal. What changes
   * something calls `Transaction.publish`, which ends here after its commit.
   */
  async publish(event: object): Promise<void> {
    for (const handler of this.handlersAfter) {
      try {
        await handler(event);
      } catch (error) {
        this.logger.error(`An afterCommit handler of ${event.constructor.name} failed`, error);
      }
    }
  }

  /** Runs the handlers of `withinTransaction`. For `Transactions` alone. */
  async publishWithin(transaction: Transaction, event: object): Promise<void> {
    for (const handler of this.handlersWithin) await handler(event, transaction);
  }
}
