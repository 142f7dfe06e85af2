import { Injectable, Logger } from '@nestjs/common';
import type { Transaction } from './transaction.js';

// The parameter list of an arbitrary class; nothing is ever constructed through it.
export type EventClass<E extends object> = abstract new (...args: never[]) => E;

interface Subscription<H> {
  readonly eventClass: EventClass<object>;
  readonly handler: H;
}

type InTransactionHandler = (event: object, transaction: Transaction) => Promise<void>;
type AfterCommitHandler = (event: object) => Promise<void>;

/** Typed events between modules. A subscription to a class also gets the events of its subclasses. */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly inTransaction: Subscription<InTransactionHandler>[] = [];
  private readonly settled: Subscription<AfterCommitHandler>[] = [];
  private readonly afterCommit: Subscription<AfterCommitHandler>[] = [];

  /** The handler's writes commit with the change; its exception vetoes the change. */
  onTransaction<E extends object>(
    eventClass: EventClass<E>,
    handler: (event: E, transaction: Transaction) => Promise<void>,
  ): void {
    this.inTransaction.push({ eventClass, handler: async (event, tx) => handler(event as E, tx) });
  }

  /**
   * The handler runs once the change has been committed, or nobody knows whether it has: the connection was lost over
   * the commit. For what does no harm if it was not, such as forgetting a cached copy.
   */
  onSettled<E extends object>(eventClass: EventClass<E>, handler: (event: E) => Promise<void>): void {
    this.settled.push({ eventClass, handler: async (event) => handler(event as E) });
  }

  /** The handler runs before the client gets its answer; its exception is logged, as the change stands. */
  onCommit<E extends object>(eventClass: EventClass<E>, handler: (event: E) => Promise<void>): void {
    this.afterCommit.push({ eventClass, handler: async (event) => handler(event as E) });
  }

  /** Something happened that changed nothing: who subscribed for after the commit hears of it. */
  async occurred(event: object): Promise<void> {
    await this.deliverAfterCommit([event]);
  }

  async deliverInTransaction(event: object, transaction: Transaction): Promise<void> {
    for (const { eventClass, handler } of this.inTransaction) {
      if (event instanceof eventClass) await handler(event, transaction);
    }
  }

  async deliverSettled(events: readonly object[]): Promise<void> {
    for (const event of events) await this.deliver(event, this.settled);
  }

  async deliverAfterCommit(events: readonly object[]): Promise<void> {
    for (const event of events) await this.deliver(event, this.afterCommit);
  }

  private async deliver(event: object, subscriptions: readonly Subscription<AfterCommitHandler>[]): Promise<void> {
    for (const { eventClass, handler } of subscriptions) {
      if (!(event instanceof eventClass)) continue;
      try {
        await handler(event);
      } catch (error) {
        this.logger.error(`A handler of ${event.constructor.name} failed after the commit`, error);
      }
    }
  }
}
