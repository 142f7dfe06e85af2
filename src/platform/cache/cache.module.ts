import { Global, Module } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { Cache } from './cache.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';

@Global()
@Module({
  providers: [
    {
      provide: Cache,
      inject: [AppConfig],
      useFactory: ({ cache }: AppConfig): Cache | Promise<Cache> =>
        cache.kind === 'memory' ? new MemoryCache() : new RedisCache(cache.url, cache.keyPrefix).connect(),
    },
  ],
  exports: [Cache],
})
export class CacheModule {}
