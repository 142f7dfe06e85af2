import { Inject, Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Result } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RedisClient } from '#platform/redis';

/** About 20 MB. A client with enough addresses to evict entries evades limits per address anyway. */
const MAX_LOCAL_KEYS = 100_000;

/**
 * KEYS the window; ARGV how many requests it takes, and its length in ms. Counts one unless the window is full.
 * Returns whether it did, the requests counted, and the milliseconds until the window ends.
 */
const COUNT = `
local hits = tonumber(redis.call('GET', KEYS[1])) or 0
local counted = hits < tonumber(ARGV[1]) and 1 or 0
if counted == 1 then hits = redis.call('INCR', KEYS[1]) end
if counted == 1 and hits == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return { counted, hits, redis.call('PTTL', KEYS[1]) }`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countRequest(key: string, max: number, windowMs: number): Result<[number, number, number], Context>;
  }
}

/** At most `max` requests in each window, which begins with the first of them. */
export interface Limit {
  readonly max: number;
  readonly windowMs: number;
}

/** The state of a rate limit's window after it has counted, or refused, one more request. */
export interface Count {
  /** Whether the request was counted: the window was not full. */
  readonly counted: boolean;
  readonly hits: number;
  /** Milliseconds until the window ends. */
  readonly endsInMs: number;
}

/**
 * Counts requests for all instances together in Redis, and for this one alone while Redis does not answer. Extensions'
 * `ThrottlerGuard`s count here too.
 */
@Injectable()
export class RequestCounter implements ThrottlerStorage {
  private readonly windows = new LRUCache<string, { hits: number; readonly endsAt: number }>({ max: MAX_LOCAL_KEYS });

  constructor(@Inject(RedisClient) private readonly redis: RedisClient | undefined) {
    redis?.commands.defineCommand('countRequest', { numberOfKeys: 1, lua: COUNT });
  }

  async count(key: string, limit: Limit): Promise<Count> {
    return (await this.countInRedis(key, limit)) ?? this.countHere(key, limit);
  }

  /**
   * Counts a request for `@nestjs/throttler`.
   *
   * @param ttl the window's length in milliseconds
   * @returns times in seconds
   */
  async increment(key: string, ttl: number, limit: number, _blockDuration: number, throttlerName: string) {
    const window = `throttler:${throttlerName}:${key}`;
    const { counted, hits, endsInMs } = await this.count(window, { max: limit, windowMs: ttl });
    const seconds = Math.ceil(endsInMs / 1_000);
    return {
      totalHits: counted ? hits : limit + 1,
      timeToExpire: seconds,
      isBlocked: !counted,
      timeToBlockExpire: counted ? 0 : seconds,
    };
  }

  private async countInRedis(key: string, { max, windowMs }: Limit): Promise<Count | undefined> {
    const { redis } = this;
    const reply = await redis?.attempt((commands) => commands.countRequest(redis.prefix + key, max, windowMs));
    if (reply === undefined) return undefined;
    const [counted, hits, endsInMs] = reply;
    return { counted: counted === 1, hits, endsInMs };
  }

  private countHere(key: string, { max, windowMs }: Limit): Count {
    // Whole milliseconds: the sum and difference of fractions may come out longer than the window.
    const now = Math.floor(performance.now());
    const known = this.windows.get(key);
    const window = known !== undefined && known.endsAt > now ? known : { hits: 0, endsAt: now + windowMs };
    const counted = window.hits < max;
    if (counted) window.hits += 1;
    this.windows.set(key, window);
    return { counted, hits: window.hits, endsInMs: window.endsAt - now };
  }
}
