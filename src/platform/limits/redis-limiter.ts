import { Injectable } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import type { RedisClient } from '#platform/redis';
import type { Limit, Limiter, Outcome } from './limiter.js';
import { LocalLimiter } from './local-limiter.js';

/** No place is held for longer, in milliseconds: a queue of hashes is done in seconds. */
const UNDECIDED_MS = 60_000;

/**
 * KEYS the windows; ARGV 1 for places or 0, the channel that every instance listens to, and for each window: how many it
 * takes, its length, then what the instance knows of it: the hits it last heard of, those it has not told yet, and the
 * milliseconds until its end.
 *
 * Counts one in each window if there is room in all of them. Returns whether it did, the number of instances, and of
 * each window its hits, open places, end, and milliseconds until then.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local instances = redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2]
local windows, taken = {}, 1
for i, key in ipairs(KEYS) do
  local max, length, heard, untold, left = unpack(ARGV, 5 * i - 2, 5 * i + 2)
  local kept = redis.call('HMGET', key, 'hits', 'open', 'ends', 'at')
  local hits, ends = tonumber(kept[1]) or 0, tonumber(kept[3])
  -- Who has not decided by now never will: the process is gone.
  local open = now - (tonumber(kept[4]) or 0) > ${UNDECIDED_MS} and 0 or tonumber(kept[2]) or 0
  if not ends or tonumber(untold) > 0 then hits = math.max(hits, tonumber(heard)) + tonumber(untold) end
  if not ends then ends = now + tonumber(tonumber(left) > 0 and left or length) end
  if hits >= tonumber(max) then taken = 0 end
  windows[i] = { hits = hits, open = open, ends = ends }
end
local reply = { taken, instances }
for i, key in ipairs(KEYS) do
  local window = windows[i]
  if taken == 1 then
    window.hits = window.hits + 1
    window.open = window.open + tonumber(ARGV[1])
  end
  local ends = string.format('%.0f', window.ends)
  if window.hits > 0 then
    redis.call('HSET', key, 'hits', window.hits, 'open', window.open, 'ends', ends, 'at', string.format('%.0f', now))
    redis.call('PEXPIREAT', key, ends)
  end
  for _, value in ipairs({ window.hits, window.open, ends, window.ends - now }) do reply[#reply + 1] = value end
end
return reply`;

/** KEYS the windows; ARGV 1 to give back what was taken or 0, and the end of each window. */
const SETTLE = `
for i, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'ends') == ARGV[i + 1] then
    redis.call('HINCRBY', key, 'open', -1)
    if ARGV[1] == '1' then redis.call('HINCRBY', key, 'hits', -1) end
  end
end`;

const NUMBERS_PER_WINDOW = 4;

type Reply = [taken: number, instances: number, ...windows: (string | number)[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takePlaces(...keysAndArguments: (string | number)[]): Result<Reply, Context>;
    settlePlaces(...keysAndArguments: (string | number)[]): Result<null, Context>;
  }
}

/**
 * Counts in Redis, in one round trip. While that does not answer, each instance counts its share by itself, and tells
 * Redis of it afterwards.
 */
@Injectable()
export class RedisLimiter implements Limiter {
  private readonly local = new LocalLimiter();
  private readonly channel: string;

  constructor(private readonly redis: RedisClient) {
    this.channel = `${redis.prefix}instances`;
    redis.commands.defineCommand('takePlaces', { lua: TAKE });
    redis.commands.defineCommand('settlePlaces', { lua: SETTLE });
  }

  /** Lets the others know of this instance. */
  async open(): Promise<this> {
    await this.redis.subscribe(
      this.channel,
      () => undefined,
      () => undefined,
    );
    return this;
  }

  async count(limits: readonly Limit[]): Promise<Outcome> {
    return (await this.ask(limits, 0)) ?? this.local.count(limits);
  }

  async reserve(limits: readonly Limit[]): Promise<Outcome> {
    return (await this.ask(limits, 1)) ?? this.local.reserve(limits);
  }

  async settle(reserved: Outcome, counts: boolean): Promise<void> {
    await this.local.settle(reserved, counts);
    const { standings } = reserved;
    const keys = standings.map(({ key }) => this.redis.prefix + key);
    const windows = standings.map(({ window }) => window);
    await this.redis.attempt((redis) => redis.settlePlaces(keys.length, ...keys, counts ? 0 : 1, ...windows));
  }

  /** @returns `undefined` where this process has to decide by itself */
  private async ask(limits: readonly Limit[], open: 0 | 1): Promise<Outcome | undefined> {
    // After an outage, until its window is over: the others may not have told Redis yet what they let in meanwhile.
    if (limits.some((limit) => this.local.isFull(limit))) return undefined;
    return this.redis.attempt((redis) => this.take(redis, limits, open));
  }

  private async take(redis: Redis, limits: readonly Limit[], open: 0 | 1): Promise<Outcome> {
    const told = limits.map(({ key }) => this.local.tell(key));
    const keys = limits.map(({ key }) => this.redis.prefix + key);
    const windows = limits.flatMap(({ max, windowMs }, index) => {
      const { hits = 0, untold = 0, endsInMs = 0 } = told[index] ?? {};
      return [max, windowMs, hits, untold, Math.ceil(endsInMs)];
    });
    try {
      const reply = await redis.takePlaces(keys.length, ...keys, open, this.channel, ...windows);
      return this.learn(limits, reply);
    } catch (error) {
      for (const [index, { key }] of limits.entries()) this.local.untell(key, told[index]?.untold ?? 0);
      throw error;
    }
  }

  private learn(limits: readonly Limit[], [taken, instances, ...numbers]: Reply): Outcome {
    const standings = limits.map(({ key, max }, index) => {
      const [hits, open, window, endsInMs] = numbers.slice(index * NUMBERS_PER_WINDOW);
      const shared = { window: String(window), hits: Number(hits), open: Number(open), endsInMs: Number(endsInMs) };
      this.local.learn(key, shared, taken, instances);
      return { key, ...shared, room: taken === 1 || shared.hits < max };
    });
    return { taken: taken === 1, standings };
  }
}
