import { Injectable } from '@nestjs/common';
import { Sweeper } from '#platform/background';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

/** Deletes the rows of expired tokens. */
@Injectable()
export class OneTimeTokensSweeper extends Sweeper {
  constructor(private readonly tokens: OneTimeTokensRepository) {
    super('expired one-time tokens');
  }

  protected override deleteSome(limit: number): Promise<number> {
    return this.tokens.deleteExpired(limit);
  }
}
