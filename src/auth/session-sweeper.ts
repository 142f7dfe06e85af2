import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { BackgroundTask } from '#platform/background';
import { SessionsRepository } from './sessions.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** Few enough that one statement takes milliseconds and no request waits for its locks. */
const BATCH = 500;

/** Deletes the rows of sessions that have been over for as long as the configuration keeps them. */
@Injectable()
export class SessionSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SessionSweeper.name);
  private readonly task = new BackgroundTask({
    name: 'Sweeping old sessions',
    everyMs: INTERVAL_MS,
    run: (signal) => this.sweep(signal),
  });

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /**
   * @param signal ends it after the batch under way
   * @returns how many rows are gone
   */
  async sweep(signal?: AbortSignal): Promise<number> {
    let total = 0;
    for (;;) {
      const swept = await this.sessions.deleteOver(this.config.tokens.sessionRetentionMs, BATCH);
      total += swept;
      if (swept < BATCH || signal?.aborted === true) break;
    }
    if (total > 0) this.logger.debug(`Swept ${total} old sessions`);
    return total;
  }
}
