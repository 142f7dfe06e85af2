import { Injectable } from '@nestjs/common';
import { Sweeper } from '#platform/background';
import { MailLimitsRepository } from './mail-limits.repository.js';

/** Deletes the rows of mails that no limit counts any more. */
@Injectable()
export class SentMailsSweeper extends Sweeper {
  constructor(private readonly mails: MailLimitsRepository) {
    super('old rows of sent mails');
  }

  protected override deleteSome(limit: number): Promise<number> {
    return this.mails.deleteOld(limit);
  }
}
