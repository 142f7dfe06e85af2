import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { AppConfig } from '#config';
import { RateLimit } from './rate-limit.js';
import { RequestCounter } from './request-counter.js';

@Module({ providers: [RequestCounter], exports: [RequestCounter] })
class RequestCounterModule {}

/** The limit on requests. An extension's `ThrottlerGuard` counts in the same place. */
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
