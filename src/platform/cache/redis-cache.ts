import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Cache } from './cache.js';
import { MemoryCache } from './memory-cache.js';

const CONNECT_TIMEOUT_MS = 2_000;
/** Past this, in milliseconds, the database is the faster way. */
const COMMAND_TIMEOUT_MS = 300;
/** After this long without an answer, in milliseconds, a connection is given up for a new one. */
const SOCKET_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 250;
/** How often Redis is tried while it does not answer, in milliseconds. */
const PROBE_INTERVAL_MS = 100;
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
export class RedisCache implements Cache, OnApplicationShutdown {
  private readonly logger = new Logger(RedisCache.name);
  private readonly redis: Redis;
  private readonly subscriber: Redis;
  private readonly near = new MemoryCache();
  private readonly channel: string;
  /** Keys that Redis has not been made to forget, each with the last invalidation of it. */
  private readonly unconfirmed = new Map<string, symbol>();
  /** While it does not answer, nothing is read from it and nothing waits for it. */
  private reachable = true;
  private closing = false;
  /**
   * Milliseconds by Redis's clock. What was stored before then may be outdated: instances that were cut off, or have
   * ended since, could not take it away, and a Redis that restarts may bring back what it had forgotten.
   */
  private trustedSince = 0;

  constructor(
    url: string,
    private readonly keyPrefix: string,
  ) {
    this.channel = `${keyPrefix}invalidated`;
    this.redis = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      // ioredis waits as long at shutdown for a connection that is gone already.
      disconnectTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
    });
    this.redis.on('error', (error: Error) => this.noteUnreachable(error));
    this.redis.on('close', () => this.noteUnreachable(new Error('the connection was lost')));
    // Connected on its own: which messages got lost while it was not, nobody knows.
    this.subscriber = this.redis.duplicate({ autoResubscribe: false });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => {
      this.near.clear();
      this.subscriber.subscribe(this.channel).catch(() => this.subscriber.disconnect(true));
    });
    this.subscriber.on('message', (_channel: string, message: string) => this.hear(message));
  }

  /** Connects; one that fails keeps trying in the background. */
  async connect(): Promise<this> {
    const connecting = [this.redis, this.subscriber].map((connection) => connection.connect());
    try {
      await Promise.all(connecting);
      await this.trustFromNowOn();
    } catch (error) {
      this.noteUnreachable(error);
    }
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
      if (!this.reachable) this.remember(keys);
      else await this.forget(keys);
    } catch (error) {
      this.remember(keys);
      this.noteUnreachable(error);
    }
    // After Redis has: a read in between would have brought the old value back.
    await this.near.invalidate(...keys);
  }

  async ping(): Promise<void> {
    await this.redis.ping();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    await Promise.all(
      [this.redis, this.subscriber].map((connection) => connection.quit().catch(() => connection.disconnect())),
    );
  }

  private async readOrLoad<T>(
    key: string,
    ttlMs: number,
    load: () => Promise<T | undefined>,
    alongside: readonly string[],
  ): Promise<T | undefined> {
    if (!this.reachable) return load();
    let token: string;
    try {
      const kept = await this.read<T>(key, alongside);
      if (kept !== undefined) return kept;
      const mine = randomUUID();
      token = (await this.redis.set(this.leaseKey(key), mine, 'PX', LEASE_MS, 'NX', 'GET')) ?? mine;
    } catch (error) {
      if (!isReply(error)) this.noteUnreachable(error);
      return load();
    }
    const value = await load();
    if (value !== undefined && this.reachable) {
      await this.redis
        .eval(KEEP_IF_LEASED, 2, this.valueKey(key), this.leaseKey(key), token, JSON.stringify(value), ttlMs)
        .catch((error: unknown) => {
          if (!isReply(error)) this.noteUnreachable(error);
        });
    }
    return value;
  }

  /** The value of `key`; those of the others go into this process's copy. */
  private async read<T>(key: string, alongside: readonly string[]): Promise<T | undefined> {
    const others = alongside.map((other) => this.near.begin(other));
    let texts: (string | null)[] = [];
    try {
      texts = await this.redis.mget(this.valueKey(key), ...others.map((other) => this.valueKey(other.key)));
    } finally {
      for (const [index, other] of others.entries()) {
        this.near.finish(other, this.parse(texts[index + 1]), NEAR_TTL_MS);
      }
    }
    return this.parse(texts[0]) as T | undefined;
  }

  private parse(text: string | null | undefined): unknown {
    if (typeof text !== 'string') return undefined;
    const split = text.indexOf(':');
    return Number(text.slice(0, split)) > this.trustedSince ? JSON.parse(text.slice(split + 1)) : undefined;
  }

  /** One round trip: no value, no load under way and no other process keeps these keys. */
  private async forget(keys: readonly string[]): Promise<void> {
    const batch = this.redis.pipeline();
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

  private noteUnreachable(error: unknown): void {
    if (!this.reachable || this.closing) return;
    this.reachable = false;
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(`Redis does not answer (${reason}): working without the cache`);
    void this.recover();
  }

  /** Tries until Redis answers and has been told all that it missed. */
  private async recover(): Promise<void> {
    while (!this.reachable && !this.closing) {
      await sleep(PROBE_INTERVAL_MS, undefined, { ref: false });
      await this.catchUp().catch(() => undefined);
    }
  }

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
    if (this.unconfirmed.size > 0) return;
    this.reachable = true;
    this.logger.log('Redis answers again');
  }

  private async trustFromNowOn(): Promise<void> {
    const [seconds, microseconds] = await this.redis.time();
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
    return this.keyPrefix + key;
  }

  private leaseKey(key: string): string {
    return `${this.keyPrefix}${key}:lease`;
  }
}

/** Whether Redis answered, and refused: it is full, or only reads. That is no reason not to ask it again. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
