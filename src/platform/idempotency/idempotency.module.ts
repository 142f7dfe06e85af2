import { Module } from '@nestjs/common';
import { Idempotency } from './idempotency.js';
import { IdempotentAnswersRepository } from './idempotent-answers.repository.js';
import { IdempotentAnswersSweeper } from './idempotent-answers-sweeper.js';

@Module({
  providers: [Idempotency, IdempotentAnswersRepository, IdempotentAnswersSweeper],
  exports: [Idempotency],
})
export class IdempotencyModule {}
