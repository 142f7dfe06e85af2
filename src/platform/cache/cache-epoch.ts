import type { PrismaService } from '#platform/database';
import { BackgroundTask } from '#platform/background';

/** How often (ms) an instance reads the epoch. */
const POLL_MS = 200;
/** How long (ms) it believes an answer, from when it asked. No revocation reaches another instance later than this. */
const BELIEVED_MS = 500;

/**
 * A number in PostgreSQL that every value in Redis carries. Values of another epoch are not believed: raising the epoch
 * abandons everything cached so far on every instance, whether or not Redis can be reached.
 */
export class CacheEpoch {
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
    // Without a database, every request says so; a line every 200 ms would add nothing.
    run: () => this.poll().catch(() => undefined),
  });

  constructor(private readonly prisma: PrismaService) {}

  /** `undefined` while it is not known for certain: then nothing cached may be believed. */
  get current(): string | undefined {
    const known = this.met === this.requested && performance.now() - this.askedAt < BELIEVED_MS;
    return known ? this.value : undefined;
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

  private async ask(sql: string): Promise<void> {
    const askedAt = performance.now();
    // Apart from requests: if it waited behind them, a busy database would lose the cache, and become busier.
    const [row] = await this.prisma.runApart(sql);
    this.value = row !== undefined && 'value' in row ? String(row.value) : undefined;
    this.askedAt = askedAt;
  }

  private inTurn(statement: () => Promise<void>): Promise<void> {
    const run = this.lastStatement.then(statement);
    this.lastStatement = run.catch(() => undefined);
    return run;
  }
}
