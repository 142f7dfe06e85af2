import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';

interface BackgroundWork {
  /** For the log, as in "Sweeping old sessions". */
  readonly name: string;
  /** From the end of a run to the start of the next, in milliseconds. */
  readonly everyMs: number;
  /** One run. The signal aborts when the task stops, and a long run should end early then. */
  run(signal: AbortSignal): Promise<unknown>;
}

/**
 * Work that a process repeats in the background, one run at a time. Its owner starts it, and stops it before what the
 * work uses goes away. The first of several runs that fail is logged; the next one comes at its regular time.
 */
export class BackgroundTask {
  private readonly logger = new Logger(BackgroundTask.name);
  private readonly ownContext = new AsyncResource(BackgroundTask.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failed = false;
  /** When the next run starts, in milliseconds on the clock of `performance.now()`. */
  private dueAt = Number.POSITIVE_INFINITY;

  constructor(private readonly work: BackgroundWork) {}

  /** The first run comes after the interval. */
  start(): void {
    this.runWithin(this.work.everyMs);
  }

  /** Brings the next run forward. After a failure it does not, so that what fails is not tried all the time. */
  wake(delayMs = 0): void {
    if (!this.failed) this.runWithin(delayMs);
  }

  /** Starts no further run, and waits for the one under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private runWithin(delayMs: number): void {
    const dueAt = performance.now() + delayMs;
    if (this.stopping.signal.aborted || dueAt >= this.dueAt) return;
    this.dueAt = dueAt;
    if (this.running === undefined) this.arm();
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (this.stopping.signal.aborted) return;
    // Not in the context of the request that woke it: its acts would be recorded as that user's.
    const run = () => this.ownContext.runInAsyncScope(() => this.run());
    this.timer = setTimeout(run, Math.max(0, this.dueAt - performance.now())).unref();
  }

  private run(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
    this.running = this.runOnce().finally(() => {
      this.running = undefined;
      // A wake-up during the run may have asked for an earlier time.
      this.runWithin(this.work.everyMs);
      this.arm();
    });
  }

  private async runOnce(): Promise<void> {
    const { name, everyMs } = this.work;
    try {
      await this.work.run(this.stopping.signal);
      this.failed = false;
    } catch (error) {
      // Once until it succeeds: an outage would fill the log.
      if (!this.failed) this.logger.warn(`${name} failed and is tried again every ${everyMs / 1_000} s`, error);
      this.failed = true;
      this.dueAt = Number.POSITIVE_INFINITY;
    }
  }
}
