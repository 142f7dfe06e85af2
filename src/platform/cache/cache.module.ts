import { Global, Module } from '@nestjs/common';
import { PrismaService } from '#platform/database';
import { RedisClient } from '#platform/redis';
import { Cache } from './cache.js';
import { CacheEpoch } from './cache-epoch.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';

@Global()
@Module({
  providers: [
    {
      provide: Cache,
      inject: [PrismaService, RedisClient],
      useFactory: (prisma: PrismaService, redis: RedisClient | undefined): Cache | Promise<Cache> =>
        redis === undefined ? new MemoryCache() : new RedisCache(redis, new CacheEpoch(prisma)).open(),
    },
  ],
  exports: [Cache],
})
export class CacheModule {}
