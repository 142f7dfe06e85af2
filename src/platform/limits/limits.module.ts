import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { AppConfig } from '#config';
import { RateLimit } from './rate-limit.js';
import { RequestCounter } from './request-counter.js';

@Module({ providers: [RequestCounter], exports: [RequestCounter] })
class RequestCounterModule {}

/** Limits the rate of requests. A `ThrottlerGuard` on an extension's route keeps its counts in the same store. */
@Module({
  imports: [
    RequestCounterModule,
    ThrottlerModule.forRootAsync({
      imports: [RequestCounterModule],
      inject: [AppConfig, RequestCounter],
      useFactory: ({ rateLimit: { max, windowMs } }: AppConfig, counter: RequestCounter) => ({
        throttlers: [{ limit: max, ttl: windowMs }],
        storage: counter,
        // They would be called X-RateLimit-*.
        setHeaders: false,
      }),
    }),
  ],
  providers: [RateLimit],
})
export class LimitsModule {}
