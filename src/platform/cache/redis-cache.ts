import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisClient } from '#platform/redis';
import type { Cache } from './cache.js';
import type { CacheEpoch } from './cache-epoch.js';
import { frozenCopy } from './frozen-copy.js';
import { MemoryCache } from './memory-cache.js';

/** How long (ms) this process believes its own copy of a value that another instance may have deleted from Redis. */
const LOCAL_TTL_MS = 400;
/** How long (ms) a load may take and still be kept: longer than any statement may run. */
const LEASE_MS = 60_000;
/** Up to this number, keys are deleted. For more, raising the epoch is cheaper, though it abandons the whole cache. */
const MAX_DELETED_KEYS = 1_000;

/** KEYS value, lease; ARGV lease token, value, ttl in ms. Keeps the value while the lease is still this load's. */
const KEEP_IF_LEASED = `
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end`;

/**
 * A cache that all instances share, with a copy in each process for less than half a second.
 *
 * Beside a value stands its lease, a token that every load reads or sets first and every invalidation deletes: a value
 * loaded before an invalidation does not find its token and is not kept. An invalidation that Redis does not acknowledge
 * raises the epoch instead.
 */
@Injectable()
export class RedisCache implements Cache, OnApplicationShutdown {
  private readonly local = new MemoryCache();
  private localEpoch: string | undefined;

  constructor(
    private readonly redis: RedisClient,
    private readonly epoch: CacheEpoch,
  ) {
    // A Redis that restarted may hold again what was deleted, and deletions by other instances may have been lost.
    redis.onReady(() => void epoch.raise().catch(() => undefined));
  }

  async open(): Promise<this> {
    await this.epoch.open();
    return this;
  }

  getOrLoad<T>(key: string, ttlMs: number, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const epoch = this.epoch.current;
    if (epoch === undefined) return loadAlone(load);
    if (epoch !== this.localEpoch) this.local.clear();
    this.localEpoch = epoch;
    return this.local.getOrLoad(key, Math.min(ttlMs, LOCAL_TTL_MS), () => this.readOrLoad(key, ttlMs, load, epoch));
  }

  async invalidate(keys: readonly string[]): Promise<void> {
    try {
      if (!(await this.delete(keys))) await this.epoch.raise();
    } finally {
      // Last: a read meanwhile may have brought back the old value.
      await this.local.invalidate(keys);
    }
  }

  async ping(): Promise<void> {
    // Nothing cached is believed meanwhile.
    if (this.epoch.unavailable) throw new Error("The cache's epoch is unknown");
    await this.redis.check();
  }

  /** Until then, requests are answered, and revocations by other instances must be noticed. */
  async onApplicationShutdown(): Promise<void> {
    await this.epoch.close();
  }

  private async readOrLoad<T>(
    key: string,
    ttlMs: number,
    load: () => Promise<T | undefined>,
    epoch: string,
  ): Promise<T | undefined> {
    const text = await this.redis.attempt((redis) => redis.get(this.valueKey(key)));
    const stamp = `${epoch}:`;
    if (text?.startsWith(stamp) === true) return JSON.parse(text.slice(stamp.length)) as T;
    const token = text === undefined ? undefined : await this.lease(key);
    const value = await load();
    if (value !== undefined && token !== undefined) {
      const keys = [this.valueKey(key), this.leaseKey(key)];
      const stamped = stamp + JSON.stringify(value);
      await this.redis.attempt((redis) => redis.eval(KEEP_IF_LEASED, keys.length, ...keys, token, stamped, ttlMs));
    }
    return value;
  }

  /** @returns the token of this load, or of those in progress; `undefined` where Redis gives none */
  private async lease(key: string): Promise<string | undefined> {
    const mine = randomUUID();
    const held = await this.redis.attempt((redis) => redis.set(this.leaseKey(key), mine, 'PX', LEASE_MS, 'NX', 'GET'));
    return held === undefined ? undefined : (held ?? mine);
  }

  /** @returns whether Redis has acknowledged every deletion */
  private async delete(keys: readonly string[]): Promise<boolean> {
    if (keys.length === 0) return true;
    if (keys.length > MAX_DELETED_KEYS) return false;
    const deleted = await this.redis.attempt((redis) =>
      Promise.all(keys.map((key) => redis.del(this.valueKey(key), this.leaseKey(key)))),
    );
    return deleted !== undefined;
  }

  private valueKey(key: string): string {
    return `${this.redis.prefix}{${key}}:value`;
  }

  /** In the same slot of a Redis Cluster as the value, by the hash tag in braces. */
  private leaseKey(key: string): string {
    return `${this.redis.prefix}{${key}}:lease`;
  }
}

async function loadAlone<T>(load: () => Promise<T | undefined>): Promise<T | undefined> {
  const value = await load();
  return value === undefined ? undefined : frozenCopy(value);
}
