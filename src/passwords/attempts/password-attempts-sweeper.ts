import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { PasswordAttemptsRepository } from './password-attempts.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** Rows per statement: few enough that each takes milliseconds. */
const BATCH = 500;

/** Deletes the rows of windows that are over. */
@Injectable()
export class PasswordAttemptsSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(PasswordAttemptsSweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<number> | undefined;
  private stopping = false;

  constructor(
    private readonly attempts: PasswordAttemptsRepository,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweep().catch((error: unknown) => this.logger.warn('Ended windows could not be swept', error));
    }, INTERVAL_MS).unref();
  }

  /** Waits for the batch in progress. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.sweeping?.catch(() => undefined);
  }

  /** @returns the number of deleted rows */
  async sweep(): Promise<number> {
    this.sweeping ??= this.sweepInBatches().finally(() => (this.sweeping = undefined));
    return this.sweeping;
  }

  private async sweepInBatches(): Promise<number> {
    let total = 0;
    for (let swept = BATCH; swept === BATCH && !this.stopping; total += swept) {
      swept = await this.attempts.deleteOver(this.config.passwordAttempts.windowMs, BATCH);
    }
    return total;
  }
}
