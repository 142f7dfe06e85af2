import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { Sweeper } from '#platform/background';
import { PasswordAttemptsRepository } from './password-attempts.repository.js';

/** Deletes the rows of windows that are over. */
@Injectable()
export class PasswordAttemptsSweeper extends Sweeper {
  constructor(
    private readonly attempts: PasswordAttemptsRepository,
    private readonly config: AppConfig,
  ) {
    super('ended windows of wrong passwords');
  }

  protected override deleteSome(limit: number): Promise<number> {
    return this.attempts.deleteOver(this.config.passwordAttempts.windowMs, limit);
  }
}
