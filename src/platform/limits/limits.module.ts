import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { AppConfig } from '#config';
import { RedisClient } from '#platform/redis';
import { Limiter } from './limiter.js';
import { LocalLimiter } from './local-limiter.js';
import { DEFAULT_LIMIT, RateLimit } from './rate-limit.js';
import { RedisLimiter } from './redis-limiter.js';
import { SharedThrottlerStorage } from './shared-throttler-storage.js';

@Global()
@Module({
  providers: [
    {
      provide: Limiter,
      inject: [RedisClient],
      useFactory: (redis: RedisClient | undefined): Limiter | Promise<Limiter> =>
        redis === undefined ? new LocalLimiter() : new RedisLimiter(redis).open(),
    },
  ],
  exports: [Limiter],
})
class LimiterModule {}

/** Limits on requests. An extension's `ThrottlerGuard` counts in the same storage. */
@Global()
@Module({
  imports: [
    LimiterModule,
    ThrottlerModule.forRootAsync({
      inject: [AppConfig, Limiter],
      useFactory: ({ rateLimit: { max, windowMs } }: AppConfig, limiter: Limiter) => ({
        throttlers: [{ name: DEFAULT_LIMIT, limit: max, ttl: windowMs }],
        storage: new SharedThrottlerStorage(limiter),
        // They would be called X-RateLimit-*.
        setHeaders: false,
      }),
    }),
  ],
  providers: [RateLimit],
})
export class LimitsModule {}
