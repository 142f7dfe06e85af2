import { Global, Module } from '@nestjs/common';
import { AppConfig } from '#config';
import { RedisClient } from './redis-client.js';

/** Provides the connection where Redis is configured, and nothing where it is not. */
@Global()
@Module({
  providers: [
    {
      provide: RedisClient,
      inject: [AppConfig],
      useFactory: ({ cache }: AppConfig): Promise<RedisClient> | undefined =>
        cache.kind === 'memory' ? undefined : new RedisClient(cache.url, cache.keyPrefix).connect(),
    },
  ],
  exports: [RedisClient],
})
export class RedisModule {}
