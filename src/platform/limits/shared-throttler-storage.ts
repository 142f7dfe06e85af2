import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Limiter } from './limiter.js';

/** `@nestjs/throttler`'s storage, on the limiter that all instances share. What is refused is not counted. */
@Injectable()
export class SharedThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly limiter: Limiter) {}

  /**
   * @param ttl the window's length in milliseconds
   * @returns times in seconds
   */
  async increment(key: string, ttl: number, limit: number, _blockDuration: number, throttlerName: string) {
    const { taken, standings } = await this.limiter.count([
      { key: `rate:${throttlerName}:${key}`, max: limit, windowMs: ttl },
    ]);
    const { hits = 0, endsInMs = 0 } = standings[0] ?? {};
    const seconds = Math.ceil(endsInMs / 1_000);
    return {
      totalHits: taken ? hits : limit + 1,
      timeToExpire: seconds,
      isBlocked: !taken,
      timeToBlockExpire: taken ? 0 : seconds,
    };
  }
}
