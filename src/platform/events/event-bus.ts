import { Injectable, Logger } from '@nestjs/common';
import { StartupError } from '#platform/errors';
import type { Transaction } from './transaction.js';

// The parameter list of an arbitrary class; nothing is ever constructed through it.
export type EventClass<E extends object> = abstract new (...args: never[]) => E;

export interface DeliveryOptions<E extends object> {
  /** Events of one key come in their order; by default those about the same target. Up to 300 characters. */
  readonly key?: (event: E) => string;
  /** How long (ms) after the commit the first attempt is made. */
  readonly delayMs?: (event: E) => number;
  /** How long (ms) an attempt may take; a minute by default. */
  readonly timeoutMs?: number;
}

/** What brings events to a handler through the outbox. */
export interface Delivery extends DeliveryOptions<object> {
  readonly name: string;
  readonly eventClass: EventClass<object>;
  handler(event: object): Promise<void>;
}

const STABLE_NAME = /^[a-z][a-z0-9_.-]{0,99}$/;

type WithinTransaction = (event: object, transaction: Transaction) => Promise<void>;
type AfterCommit = (event: object) => Promise<void>;

/**
 * Typed events between modules, heard at one of three moments: within the transaction, after its commit, or delivered
 * through the outbox. A subscription to a class also gets the events of its subclasses.
 */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly handlersWithin: WithinTransaction[] = [];
  private readonly handlersAfter: AfterCommit[] = [];
  /** By the handler's name. */
  readonly deliveries = new Map<string, Delivery>();

  /** The handler's writes commit with the change. If it throws, the change is rolled back. */
  withinTransaction<E extends object>(
    eventClass: EventClass<E>,
    handler: (event: E, transaction: Transaction) => Promise<void>,
  ): void {
    this.handlersWithin.push(async (event, transaction) => {
      if (event instanceof eventClass) await handler(event, transaction);
    });
  }

  /**
   * The handler runs before the client gets its answer, unless it takes too long. If it throws, the error is only logged:
   * the change is committed. It is lost if the process dies; see `delivered`.
   */
  afterCommit<E extends object>(eventClass: EventClass<E>, handler: (event: E) => Promise<void>): void {
    this.handlersAfter.push(async (event) => {
      if (event instanceof eventClass) await handler(event);
    });
  }

  /**
   * The handler runs after the commit, at least once, on one of the instances: it is tried again when it throws or its
   * process dies, and events about the same target come in their order. It must bear to get an event twice.
   *
   * @param name stays the same over releases: messages under way carry it
   * @throws StartupError for a malformed name, or one that is taken
   */
  delivered<E extends object>(
    eventClass: EventClass<E>,
    name: string,
    handler: (event: E) => Promise<void>,
    { key, delayMs, timeoutMs }: DeliveryOptions<E> = {},
  ): void {
    if (!STABLE_NAME.test(name)) {
      throw new StartupError(`The handler ${name} must be named with small letters, digits, dots and hyphens.`);
    }
    if (this.deliveries.has(name)) throw new StartupError(`Two handlers of delivered events are named ${name}.`);
    this.deliveries.set(name, {
      name,
      eventClass,
      handler: async (event) => {
        if (event instanceof eventClass) await handler(event);
      },
      // The outbox asks for events of this class only.
      ...(key === undefined ? {} : { key: key as (event: object) => string }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(delayMs === undefined ? {} : { delayMs: delayMs as (event: object) => number }),
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
