import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { SessionsRepository } from './sessions.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** Few enough that one statement is done in milliseconds and holds no lock that anybody waits for. */
const BATCH = 500;

/** Deletes the rows of sessions that have been over for as long as the configuration keeps them. */
@Injectable()
export class SessionSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SessionSweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<number> | undefined;
  private stopping = false;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweep().catch((error: unknown) => this.logger.warn('Old sessions could not be swept', error));
    }, INTERVAL_MS).unref();
  }

  /** Waits for the batch under way. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.sweeping?.catch(() => undefined);
  }

  /** @returns how many rows are gone */
  async sweep(): Promise<number> {
    this.sweeping ??= this.sweepInBatches().finally(() => (this.sweeping = undefined));
    return this.sweeping;
  }

  private async sweepInBatches(): Promise<number> {
    let total = 0;
    for (let swept = BATCH; swept === BATCH && !this.stopping; total += swept) {
      swept = await this.sessions.deleteOver(this.config.tokens.sessionRetentionMs, BATCH);
    }
    if (total > 0) this.logger.debug(`Swept ${total} old sessions`);
    return total;
  }
}
