import type { PrismaService } from '#platform/database';
import { Logger } from '@nestjs/common';
import { BackgroundTask } from '#platform/background';

/** How often (ms) an instance reads the epoch. */
const POLL_MS = 200;
/** How long (ms) it believes an answer, from when it asked. No revocation reaches another instance later than this. */
const BELIEVED_MS = 500;
/** How old (ms) the last answer of a busy database may be before the cache counts as off. */
const UNAVAILABLE_MS = 2_000;

/**
 * A number in PostgreSQL that every value in Redis carries. Values of another epoch are not believed: raising the epoch
 * abandons everything cached so far on every instance, whether or not Redis can be reached.
 */
export class CacheEpoch {
  private readonly logger = new Logger('Cache');
  private failing = false;
  private value: string | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  /** How many times raising it was requested, and how many of these requests have been met. */
  private requested = 0;
  private met = 0;
  private waitingRaise: Promise<void> | undefined;
  /** Statements run one after the other, so that no older answer replaces a newer one. */
  private lastStatement: Promise<unknown> = Promise.resolve();
  private readonly polling = new BackgroundTask({
    name: "Reading the cache's epoch",
    everyMs: POLL_MS,
    run: () =>
      this.poll().then(
        () => this.noteAnswer(),
        (error: unknown) => this.noteFailure(error),
      ),
  });

  constructor(private readonly prisma: PrismaService) {}

  /** `undefined` while it is not known for certain: then nothing cached may be believed. */
  get current(): string | undefined {
    const known = this.met === this.requested && performance.now() - this.askedAt < BELIEVED_MS;
    return known ? this.value : undefined;
  }

  /** Whether it cannot be read: a poll has failed, or none was answered for a while. */
  get unavailable(): boolean {
    return this.failing || performance.now() - this.askedAt > UNAVAILABLE_MS;
  }

  /** Raises it, as Redis may have restarted with old data while no instance ran, and begins to poll. */
  async open(): Promise<void> {
    await this.raise().catch(() => undefined);
    this.polling.start();
  }

  async close(): Promise<void> {
    await this.polling.stop();
  }

  /** Raises the epoch. A failure is retried with every poll, and until one succeeds this instance believes nothing. */
  raise(): Promise<void> {
    this.requested += 1;
    // A statement in progress may precede the caller's change; the next one serves all callers that come meanwhile.
    this.waitingRaise ??= this.inTurn(async () => {
      this.waitingRaise = undefined;
      const { requested } = this;
      await this.ask('UPDATE cache_epoch SET value = value + 1 RETURNING value');
      this.met = requested;
    });
    return this.waitingRaise;
  }

  private poll(): Promise<void> {
    if (this.met !== this.requested) return this.raise();
    return this.inTurn(() => this.ask('SELECT value FROM cache_epoch'));
  }

  /** One line when the cache is given up and one when it is used again, not one for every poll. */
  private noteFailure(error: unknown): void {
    if (!this.failing) this.logger.warn(`The cache is not used, as its epoch cannot be read: ${String(error)}`);
    this.failing = true;
  }

  private noteAnswer(): void {
    if (this.failing) this.logger.log('The cache is used again');
    this.failing = false;
  }

  private async ask(sql: string): Promise<void> {
    const askedAt = performance.now();
    // Apart from requests: if it waited behind them, a busy database would lose the cache, and become busier.
    const [row] = await this.prisma.runApart(sql);
    if (row === undefined || !('value' in row)) throw new Error('the table cache_epoch has no row');
    this.value = String(row.value);
    this.askedAt = askedAt;
  }

  private inTurn(statement: () => Promise<void>): Promise<void> {
    const run = this.lastStatement.then(statement);
    this.lastStatement = run.catch(() => undefined);
    return run;
  }
}
