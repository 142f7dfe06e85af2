import { Injectable } from '@nestjs/common';
import { Sweeper } from '#platform/background';
import { IdempotentAnswersRepository } from './idempotent-answers.repository.js';

/** Deletes answers that are no longer kept. */
@Injectable()
export class IdempotentAnswersSweeper extends Sweeper {
  constructor(private readonly answers: IdempotentAnswersRepository) {
    super('expired answers to idempotency keys');
  }

  protected override deleteSome(limit: number): Promise<number> {
    return this.answers.deleteExpired(limit);
  }
}
