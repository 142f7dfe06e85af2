import { Global, Module } from '@nestjs/common';
import { RedisClient } from '#platform/redis';
import { Cache } from './cache.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';

@Global()
@Module({
  providers: [
    {
      provide: Cache,
      inject: [RedisClient],
      useFactory: (redis: RedisClient | undefined): Cache | Promise<Cache> =>
        redis === undefined ? new MemoryCache() : new RedisCache(redis).open(),
    },
  ],
  exports: [Cache],
})
export class CacheModule {}
