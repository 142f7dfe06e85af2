import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RedisClient } from '#platform/redis';
import type { Cache } from './cache.js';
import { MemoryCache } from './memory-cache.js';

/** How long this process believes its own copy, in milliseconds: what a lost message about a change can cost. */
const NEAR_TTL_MS = 400;
/** How long a load may take and still be kept, in milliseconds: longer than any statement may run. */
const LEASE_MS = 60_000;
/** How many invalidations are remembered for a Redis that does not answer; the oldest give way. */
const MAX_UNCONFIRMED = 100_000;
/** How many keys one round trip makes it forget. */
const FORGET_BATCH = 1_000;

/**
 * KEYS value, lease; ARGV lease token, value, ttl in ms. Keeps the value, behind the time by Redis's own clock, while
 * the lease is still this load's.
 */
const KEEP_IF_LEASED = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
local stored = string.format('%d%03d', now[1], math.floor(now[2] / 1000))
redis.call('SET', KEYS[1], stored .. ':' .. ARGV[2], 'PX', ARGV[3])
return 1`;

/**
 * A cache that all instances share, and in front of it a copy in each process for less than half a second.
 *
 * Beside a value stands its lease, a token that every load reads or sets first and every invalidation deletes: a value
 * loaded before an invalidation does not find its token and is not kept. An invalidation is also told to every process.
 */
@Injectable()
export class RedisCache implements Cache {
  private readonly near = new MemoryCache();
  private readonly channel: string;
  /** Keys that Redis has not been made to forget, each with the last invalidation of it. */
  private readonly unconfirmed = new Map<string, symbol>();
  /**
   * Milliseconds by Redis's clock. What was stored before then may be outdated: instances that were cut off, or have
   * ended since, could not take it away, and a Redis that restarts may bring back what it had forgotten.
   */
  private trustedSince = Number.POSITIVE_INFINITY;

  constructor(private readonly redis: RedisClient) {
    this.channel = `${redis.prefix}invalidated`;
    redis.beforeReturn(
      () => this.catchUp(),
      () => this.unconfirmed.size === 0,
    );
  }

  /** Begins to hear what other processes invalidate. */
  async open(): Promise<this> {
    await this.redis.subscribe(
      this.channel,
      (message) => this.hear(message),
      () => this.near.clear(),
    );
    await this.redis.attempt(() => this.trustFromNowOn());
    return this;
  }

  async getOrLoad<T>(
    key: string,
    ttlMs: number,
    load: () => Promise<T | undefined>,
    alongside: readonly string[] = [],
  ): Promise<T | undefined> {
    return this.near.getOrLoad(key, Math.min(ttlMs, NEAR_TTL_MS), () => this.readOrLoad(key, ttlMs, load, alongside));
  }

  async invalidate(...keys: string[]): Promise<void> {
    if (keys.length === 0) return;
    try {
      if (!this.redis.reachable) this.remember(keys);
      else await this.forget(keys);
    } catch (error) {
      this.remember(keys);
      this.redis.noteUnreachable(error);
    }
    // After Redis has: a read in between would have brought the old value back.
    await this.near.invalidate(...keys);
  }

  async ping(): Promise<void> {
    await this.redis.ping();
  }

  private async readOrLoad<T>(
    key: string,
    ttlMs: number,
    load: () => Promise<T | undefined>,
    alongside: readonly string[],
  ): Promise<T | undefined> {
    const asked = await this.redis.attempt(async () => {
      const kept = await this.read<T>(key, alongside);
      return { kept, token: kept === undefined ? await this.lease(key) : undefined };
    });
    if (asked?.kept !== undefined) return asked.kept;
    const value = await load();
    const token = asked?.token;
    if (value !== undefined && token !== undefined) {
      const keys = [this.valueKey(key), this.leaseKey(key)];
      await this.redis.attempt((redis) =>
        redis.eval(KEEP_IF_LEASED, keys.length, ...keys, token, JSON.stringify(value), ttlMs),
      );
    }
    return value;
  }

  /** The value of `key`; those of the others go into this process's copy. */
  private async read<T>(key: string, alongside: readonly string[]): Promise<T | undefined> {
    const others = alongside.map((other) => this.near.begin(other));
    let texts: (string | null)[] = [];
    try {
      texts = await this.redis.commands.mget(this.valueKey(key), ...others.map((other) => this.valueKey(other.key)));
    } finally {
      for (const [index, other] of others.entries()) {
        this.near.finish(other, this.parse(texts[index + 1]), NEAR_TTL_MS);
      }
    }
    return this.parse(texts[0]) as T | undefined;
  }

  /** @returns the token of this load, or that of the ones under way */
  private async lease(key: string): Promise<string> {
    const mine = randomUUID();
    return (await this.redis.commands.set(this.leaseKey(key), mine, 'PX', LEASE_MS, 'NX', 'GET')) ?? mine;
  }

  private parse(text: string | null | undefined): unknown {
    if (typeof text !== 'string') return undefined;
    const split = text.indexOf(':');
    return Number(text.slice(0, split)) > this.trustedSince ? JSON.parse(text.slice(split + 1)) : undefined;
  }

  /** One round trip: no value, no load under way and no other process keeps these keys. */
  private async forget(keys: readonly string[]): Promise<void> {
    const batch = this.redis.commands.pipeline();
    // Deleting is what even a Redis without memory left does.
    batch.del(...keys.flatMap((key) => [this.valueKey(key), this.leaseKey(key)]));
    batch.publish(this.channel, JSON.stringify(keys));
    const replies = await batch.exec();
    const refused = replies?.find(([error]) => error !== null);
    if (refused?.[0]) throw refused[0];
  }

  private remember(keys: readonly string[]): void {
    for (const key of keys) {
      this.unconfirmed.delete(key);
      this.unconfirmed.set(key, Symbol(key));
    }
    for (const key of this.unconfirmed.keys()) {
      if (this.unconfirmed.size <= MAX_UNCONFIRMED) break;
      this.unconfirmed.delete(key);
    }
  }

  /** Makes Redis forget all that it was not told while it did not answer. */
  private async catchUp(): Promise<void> {
    while (this.unconfirmed.size > 0) {
      const batch = [...this.unconfirmed].slice(0, FORGET_BATCH);
      await this.forget(batch.map(([key]) => key));
      for (const [key, invalidation] of batch) {
        // Unless it was invalidated once more meanwhile.
        if (this.unconfirmed.get(key) === invalidation) this.unconfirmed.delete(key);
      }
    }
    await this.trustFromNowOn();
  }

  private async trustFromNowOn(): Promise<void> {
    const [seconds, microseconds] = await this.redis.commands.time();
    this.trustedSince = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  /** What another process has made Redis forget. */
  private hear(message: string): void {
    try {
      void this.near.invalidate(...(JSON.parse(message) as string[]));
    } catch {
      // Of another release, perhaps: it is about something.
      this.near.clear();
    }
  }

  private valueKey(key: string): string {
    return this.redis.prefix + key;
  }

  private leaseKey(key: string): string {
    return `${this.redis.prefix}${key}:lease`;
  }
}
