import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { BackgroundTask } from '#platform/background';
import { PasswordAttemptsRepository } from './password-attempts.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** Few enough that one statement takes milliseconds. */
const BATCH = 500;

/** Deletes the rows of windows that are over. */
@Injectable()
export class PasswordAttemptsSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    name: 'Sweeping ended windows of wrong passwords',
    everyMs: INTERVAL_MS,
    run: (signal) => this.sweep(signal),
  });

  constructor(
    private readonly attempts: PasswordAttemptsRepository,
    private readonly config: AppConfig,
  ) {}

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
    for (let total = 0; ;) {
      const swept = await this.attempts.deleteOver(this.config.passwordAttempts.windowMs, BATCH);
      total += swept;
      if (swept < BATCH || signal?.aborted === true) return total;
    }
  }
}
