import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Cache } from './cache.js';

const CONNECT_TIMEOUT_MS = 2_000;
/** Past this, in milliseconds, the database is the faster way. */
const COMMAND_TIMEOUT_MS = 500;
const MAX_RECONNECT_DELAY_MS = 1_000;
/** How long a load may take and still be kept, in milliseconds: longer than any statement may run. */
const LEASE_MS = 60_000;

/** KEYS value, lease; ARGV lease token, value, ttl in ms. Keeps the value while the lease is still this load's. */
const KEEP_IF_LEASED = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/**
 * A cache that all instances share. Beside a value stands its lease, a token that every load reads first and
 * every invalidation replaces: a value loaded before an invalidation finds another token and is not kept.
 */
@Injectable()
export class RedisCache implements Cache, OnApplicationShutdown {
  private readonly logger = new Logger(RedisCache.name);
  private readonly redis: Redis;
  /** Invalidations that Redis has not confirmed. While there is one, nothing is read from the cache. */
  private readonly unconfirmed = new Set<string>();
  private reachable = true;

  constructor(
    url: string,
    private readonly keyPrefix: string,
  ) {
    this.redis = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // ioredis waits as long at shutdown for a connection that is gone already.
      disconnectTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
    });
    this.redis.on('ready', () => void this.catchUp());
    this.redis.on('error', (error: Error) => this.noteUnreachable(error));
  }

  /** Connects; one that fails keeps trying in the background. */
  async connect(): Promise<this> {
    await this.redis.connect().catch((error: Error) => this.noteUnreachable(error));
    return this;
  }

  async getOrLoad<T>(key: string, ttlMs: number, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const valueKey = this.keyPrefix + key;
    const leaseKey = `${valueKey}:lease`;
    let token: string;
    try {
      await this.forget([...this.unconfirmed]);
      const kept = await this.redis.get(valueKey);
      if (kept !== null) return JSON.parse(kept) as T;
      const mine = randomUUID();
      token = (await this.redis.set(leaseKey, mine, 'PX', LEASE_MS, 'NX', 'GET')) ?? mine;
    } catch (error) {
      this.noteUnreachable(error);
      return load();
    }
    const value = await load();
    if (value !== undefined) {
      await this.redis
        .eval(KEEP_IF_LEASED, 2, valueKey, leaseKey, token, JSON.stringify(value), ttlMs)
        .catch((error: unknown) => this.noteUnreachable(error));
    }
    return value;
  }

  async invalidate(...keys: string[]): Promise<void> {
    try {
      await this.forget([...this.unconfirmed, ...keys]);
    } catch (error) {
      for (const key of keys) this.unconfirmed.add(key);
      this.noteUnreachable(error);
    }
  }

  async ping(): Promise<void> {
    await this.redis.ping();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.redis.quit().catch(() => this.redis.disconnect());
  }

  private async forget(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const batch = this.redis.multi();
    for (const key of keys) {
      batch.del(this.keyPrefix + key);
      batch.set(`${this.keyPrefix}${key}:lease`, randomUUID(), 'PX', LEASE_MS);
    }
    const replies = await batch.exec();
    const refused = replies?.find(([error]) => error !== null);
    if (refused?.[0]) throw refused[0];
    for (const key of keys) this.unconfirmed.delete(key);
  }

  /** Other instances read what this one could not invalidate, so it does so as soon as it can. */
  private async catchUp(): Promise<void> {
    if (!this.reachable) this.logger.log('Redis answers again');
    this.reachable = true;
    await this.forget([...this.unconfirmed]).catch((error: unknown) => this.noteUnreachable(error));
  }

  private noteUnreachable(error: unknown): void {
    if (this.reachable) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(`Redis does not answer (${reason}): working without the cache`);
    }
    this.reachable = false;
  }
}
