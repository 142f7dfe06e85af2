import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from './background-task.js';

const INTERVAL_MS = 10 * 60_000;
/** Few enough that one statement takes milliseconds and no request waits for its locks. */
const BATCH = 500;

/** Deletes rows that are over, in the background and in batches. */
export abstract class Sweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sweeper.name);
  private readonly task: BackgroundTask;

  /** @param what is swept, for the log: `old sessions` */
  constructor(private readonly what: string) {
    this.task = new BackgroundTask({
      name: `Sweeping ${what}`,
      everyMs: INTERVAL_MS,
      run: (signal) => this.sweep(signal),
    });
  }

  /** @returns the number of deleted rows */
  protected abstract deleteSome(limit: number): Promise<number>;

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /**
   * @param signal ends it after the batch in progress
   * @returns the number of deleted rows
   */
  async sweep(signal?: AbortSignal): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.deleteSome(BATCH);
      total += deleted;
      if (deleted < BATCH || signal?.aborted === true) break;
    }
    if (total > 0) this.logger.debug(`Swept ${total} ${this.what}`);
    return total;
  }
}
