import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

/** The longest (ms) that a command may take: by then, asking the database is faster. */
const COMMAND_TIMEOUT_MS = 300;
const CONNECT_TIMEOUT_MS = 2_000;
/** After this long (ms) without an answer, the connection is closed and another one is opened. */
const SOCKET_TIMEOUT_MS = 2_000;
/** The pause (ms) between two attempts to connect doubles each time, up to the longest: seven attempts in six seconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

const OPTIONS = {
  lazyConnect: true,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  // At shutdown, ioredis waits this long for a connection that is already lost.
  disconnectTimeout: COMMAND_TIMEOUT_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: (attempt) => Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS),
} satisfies RedisOptions;

/** The one connection to Redis. An outage is a lost connection; a command that fails alone is no outage. */
export class RedisClient implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisClient.name);
  private readonly readyListeners: (() => void)[] = [];
  private lastError = 'the connection was lost';
  private ready = false;
  private warned = false;
  private closing = false;
  /** For definitions of scripts; commands go through `attempt()`, unless the caller handles their failure. */
  readonly commands: Redis;

  constructor(
    url: string,
    /** Starts every key. */
    readonly prefix: string,
  ) {
    this.commands = new Redis(url, OPTIONS);
    this.commands.on('error', (error: NodeJS.ErrnoException) => (this.lastError = error.message || String(error.code)));
    this.commands.on('ready', () => this.noteReady());
    this.commands.on('close', () => this.noteClosed());
  }

  get reachable(): boolean {
    return this.ready;
  }

  /** Connects; if that fails, it is tried again in the background. */
  async connect(): Promise<this> {
    await this.commands.connect().catch(() => undefined);
    return this;
  }

  /** Calls `listener` at every new connection, before anything is sent over it. */
  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  /** @returns what Redis answers; `undefined` when it is away, too slow, or refuses (full, or read-only) */
  async attempt<T>(command: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (!this.ready) return undefined;
    try {
      return await command(this.commands);
    } catch {
      return undefined;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    await this.commands.quit().catch(() => this.commands.disconnect());
  }

  private noteReady(): void {
    for (const listener of this.readyListeners) listener();
    this.ready = true;
    if (this.warned) this.logger.log('Redis is connected again');
    this.warned = false;
  }

  private noteClosed(): void {
    this.ready = false;
    if (!this.warned && !this.closing) this.logger.warn(`Redis is away (${this.lastError}): working without it`);
    this.warned = true;
    this.lastError = 'the connection was lost';
  }
}
