import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { BackgroundTask, inTime } from '#platform/background';
import type { Prisma } from '#platform/database';
import { AuditedEvent } from './audited-event.js';
import { type Delivery, EventBus } from './event-bus.js';
import { fromJson, toJson } from './event-json.js';
import { LEASE_MS, OutboxRepository, type OutboxState, type TakenMessage } from './outbox.repository.js';

/** How often an instance looks for messages that others have left, in milliseconds. */
const POLL_MS = 1_000;
/** How many messages an instance delivers at once. */
const AT_ONCE = 8;
/** A handler with this many takes no more, so that one that hangs leaves room for the others. */
const BUSY = 4;
/** How long an attempt may take, in milliseconds, unless its handler has asked for more: then it has failed. */
const HANDLER_TIMEOUT_MS = 60_000;
/** The pause after the first failure, at most; each further one is three times as long, up to the longest. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 3 * 3_600_000;
/** How many processes may end during a message's delivery, beyond the attempts that it has. */
const MAX_DEATHS = 10;
const REPORT_MS = 60_000;
/** How long (ms) a stop waits for the handlers under way. */
const DRAIN_MS = 5_000;

/** Thrown by a `delivered` handler: no further attempt would help. The message is given up at once. */
export class UndeliverableError extends Error {}

/**
 * Delivers events after their commit, at least once, in the order of each key. The messages are written in the transaction
 * of the change; all instances share the work.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Outbox.name);
  private readonly running = new Map<bigint, { readonly handler: string; readonly done: Promise<void> }>();
  private readonly deliver = new BackgroundTask({
    name: 'Delivering messages',
    everyMs: POLL_MS,
    run: () => this.takeSome(),
  });
  private readonly keep = new BackgroundTask({
    name: 'Holding messages',
    everyMs: LEASE_MS / 4,
    run: async () => this.running.size > 0 && this.messages.keep([...this.running.keys()]),
  });
  private readonly report = new BackgroundTask({
    name: 'Counting messages',
    everyMs: REPORT_MS,
    run: () => this.warnOfBacklog(),
  });
  private stopping = false;
  /** How many had been given up at the last count. */
  private failed = 0;

  constructor(
    private readonly messages: OutboxRepository,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    if (this.events.deliveries.size === 0) return;
    this.deliver.start();
    this.keep.start();
    this.report.start();
  }

  /** A handler under way may end; what it has not finished, another instance takes up. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await Promise.all([this.deliver.stop(), this.report.stop()]);
    const running = [...this.running.values()].map(({ done }) => done);
    await Promise.race([Promise.all(running), sleep(DRAIN_MS, undefined, { ref: false })]);
    await this.keep.stop();
  }

  /** Writes a message for each handler that an event of the transaction is delivered to. @returns whether one is due at once */
  async store(events: readonly object[], db: Prisma.TransactionClient): Promise<boolean> {
    const messages = events.flatMap((event) =>
      [...this.events.deliveries.values()]
        .filter(({ eventClass }) => event instanceof eventClass)
        .map(({ name, key, delayMs }) => ({
          handler: name,
          key: key?.(event) ?? keyOf(event, name),
          event: toJson(event),
          delayMs: delayMs?.(event) ?? 0,
        })),
    );
    if (messages.length > 0) await this.messages.insert(messages, db);
    return messages.some(({ delayMs }) => delayMs === 0);
  }

  /** Looks for messages now. */
  wake(): void {
    this.deliver.wake();
  }

  /** `undefined` where nothing is delivered. */
  async state(): Promise<OutboxState | undefined> {
    return this.events.deliveries.size === 0 ? undefined : this.messages.state();
  }

  private async takeSome(): Promise<void> {
    const running = [...this.running.values()];
    const handlers = [...this.events.deliveries.keys()].filter(
      (name) => running.filter(({ handler }) => handler === name).length < BUSY,
    );
    const free = Math.min(AT_ONCE - running.length, BUSY);
    if (free <= 0 || handlers.length === 0 || this.stopping) return;
    const taken = await this.messages.take(handlers, [...this.running.keys()], free);
    for (const message of taken) {
      const done = this.attempt(message).finally(() => {
        this.running.delete(message.id);
        this.wake();
      });
      this.running.set(message.id, { handler: message.handler, done });
    }
    if (taken.length === free) this.wake();
  }

  private async attempt(message: TakenMessage): Promise<void> {
    const delivery = this.events.deliveries.get(message.handler);
    if (delivery === undefined) return;
    try {
      // A message that ends its process is never seen to fail; a process may also end for another reason.
      if (message.attempts > this.config.outbox.maxAttempts + MAX_DEATHS)
        throw new UndeliverableError('Each attempt ended its process');
      await handle(delivery, message);
      await this.messages.remove(message);
    } catch (error) {
      await this.noteFailure(message, error);
    }
  }

  private async noteFailure(message: TakenMessage, error: unknown): Promise<void> {
    const { id, handler, attempts } = message;
    const last = error instanceof UndeliverableError || attempts >= this.config.outbox.maxAttempts;
    const pauseMs = last ? undefined : pauseAfter(attempts);
    const what = `Message ${id} to ${handler} failed at attempt ${attempts}`;
    if (last) this.logger.error(`${what} and is given up; see "npm run uma -- outbox"`, error);
    else this.logger.warn(what, error);
    try {
      await this.messages.noteFailure(message, error instanceof Error ? error.message : String(error), pauseMs);
    } catch (fault) {
      // Its lease ends by itself.
      this.logger.warn(`The failure of message ${id} was not noted`, fault);
    }
  }

  private async warnOfBacklog(): Promise<void> {
    const { waiting, oldestSeconds, failed } = await this.messages.state();
    const more = failed > this.failed;
    this.failed = failed;
    if (oldestSeconds * 1_000 >= REPORT_MS || more) {
      this.logger.warn(`${waiting} messages wait, the oldest for ${oldestSeconds} s; ${failed} were given up`);
    }
  }
}

function handle(delivery: Delivery, { event }: TakenMessage): Promise<void> {
  const { eventClass, timeoutMs = HANDLER_TIMEOUT_MS } = delivery;
  const late = () => new Error(`The handler has not ended within ${timeoutMs / 1_000} s`);
  return inTime(delivery.handler(fromJson(eventClass.prototype as object, event)), timeoutMs, late);
}

/** Messages about one thing are delivered in order; those about nothing in particular, in the order of the handler. */
function keyOf(event: object, handler: string): string {
  if (!(event instanceof AuditedEvent) || event.target.id === null) return handler;
  return `${event.target.type}:${event.target.id}`;
}

/** With jitter, so that what failed together is not tried again together. */
function pauseAfter(attempts: number): number {
  const longest = Math.min(FIRST_PAUSE_MS * 3 ** (attempts - 1), LONGEST_PAUSE_MS);
  return Math.round(longest * (0.5 + Math.random() / 2));
}
