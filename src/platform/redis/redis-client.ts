import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { ANSWER_TIMEOUT_MS, PatientRedis } from './patient-redis.js';

const CONNECT_TIMEOUT_MS = 2_000;
/** After this long without an answer, in milliseconds, a connection is given up for a new one. */
const SOCKET_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_DELAY_MS = 250;
/** How often Redis is tried while it does not answer, in milliseconds. */
const PROBE_INTERVAL_MS = 100;

const OPTIONS = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  // ioredis waits as long at shutdown for a connection that is gone already.
  disconnectTimeout: ANSWER_TIMEOUT_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
} satisfies RedisOptions;

/** The connection to Redis that all who use it share, and whether it answers: while it does not, nobody waits for it. */
export class RedisClient implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisClient.name);
  private readonly redis: Redis;
  private readonly subscriber: Redis;
  private readonly subscriptions = new Map<string, (message: string) => void>();
  private readonly gaps: (() => void)[] = [];
  private readonly returns: { readonly work: () => Promise<void>; readonly done: () => boolean }[] = [];
  private answers = true;
  private closing = false;

  constructor(
    url: string,
    /** Before every key and channel. */
    readonly prefix: string,
  ) {
    this.redis = new PatientRedis(url, OPTIONS);
    this.redis.on('error', (error: Error) => this.noteUnreachable(error));
    this.redis.on('close', () => this.noteUnreachable(new Error('the connection was lost')));
    this.subscriber = new PatientRedis(url, { ...OPTIONS, autoResubscribe: false });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => this.resubscribe());
    this.subscriber.on('message', (channel: string, message: string) => this.subscriptions.get(channel)?.(message));
  }

  get reachable(): boolean {
    return this.answers;
  }

  /** For commands; what they throw is for `attempt()` to judge. */
  get commands(): Redis {
    return this.redis;
  }

  /** Connects; one that fails keeps trying in the background. */
  async connect(): Promise<this> {
    const connecting = [this.redis, this.subscriber].map((connection) => connection.connect());
    try {
      await Promise.all(connecting);
    } catch (error) {
      this.noteUnreachable(error);
    }
    return this;
  }

  /** @returns what the commands do; `undefined` when Redis does not answer, or refuses: it is full, or only reads */
  async attempt<T>(commands: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (!this.answers) return undefined;
    try {
      return await commands(this.redis);
    } catch (error) {
      // A refusal is no reason not to ask again.
      if (!(error instanceof Error && error.name === 'ReplyError')) this.noteUnreachable(error);
      return undefined;
    }
  }

  /**
   * @param hear gets each message
   * @param gap is called when messages may have been lost
   */
  async subscribe(channel: string, hear: (message: string) => void, gap: () => void): Promise<void> {
    this.subscriptions.set(channel, hear);
    this.gaps.push(gap);
    if (this.subscriber.status === 'ready') await this.subscriber.subscribe(channel).catch(() => this.reconnect());
  }

  /**
   * What has to be done when Redis answers again, before anybody else speaks to it. It is called again when it rejects,
   * or when more has come up by the end of it.
   */
  beforeReturn(work: () => Promise<void>, done: () => boolean): void {
    this.returns.push({ work, done });
  }

  noteUnreachable(error: unknown): void {
    if (!this.answers || this.closing) return;
    this.answers = false;
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(`Redis does not answer (${reason}): working without it`);
    void this.recover();
  }

  /** @throws when Redis cannot be reached */
  async ping(): Promise<void> {
    await this.redis.ping();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    await Promise.all(
      [this.redis, this.subscriber].map((connection) => connection.quit().catch(() => connection.disconnect())),
    );
  }

  private async recover(): Promise<void> {
    while (!this.answers && !this.closing) {
      await sleep(PROBE_INTERVAL_MS, undefined, { ref: false });
      await this.comeBack().catch(() => undefined);
    }
  }

  private async comeBack(): Promise<void> {
    await this.redis.ping();
    for (const { work } of this.returns) await work();
    if (!this.returns.every(({ done }) => done())) return;
    this.answers = true;
    this.logger.log('Redis answers again');
  }

  /** Which messages got lost while it was not connected, nobody knows. */
  private resubscribe(): void {
    for (const gap of this.gaps) gap();
    const channels = [...this.subscriptions.keys()];
    if (channels.length > 0) this.subscriber.subscribe(...channels).catch(() => this.reconnect());
  }

  private reconnect(): void {
    this.subscriber.disconnect(true);
  }
}
