import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { Sweeper } from '#platform/background';
import { SessionsRepository } from './sessions.repository.js';

/** Deletes the rows of sessions that have been over for as long as the configuration keeps them. */
@Injectable()
export class SessionSweeper extends Sweeper {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly config: AppConfig,
  ) {
    super('old sessions');
  }

  protected override deleteSome(limit: number): Promise<number> {
    return this.sessions.deleteOver(this.config.tokens.sessionRetentionMs, limit);
  }
}
