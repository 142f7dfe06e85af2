import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { BackgroundTask } from '#platform/background';

/** The longest (ms) that a command may take: by then, asking the database is faster. */
const COMMAND_TIMEOUT_MS = 300;
const CONNECT_TIMEOUT_MS = 2_000;
/** After this long (ms) without an answer, the connection is closed and another one is opened. */
const SOCKET_TIMEOUT_MS = 2_000;
/** The pause (ms) between two attempts to connect doubles each time, up to the longest: seven attempts in six seconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A connection that lasted for less than this, in milliseconds, does not shorten the pauses again. */
const STABLE_MS = 10_000;
/** How often (ms) it is tried whether Redis takes commands again that it has refused. */
const RECHECK_MS = 5_000;
const CHECK_TTL_MS = 1_000;

/** What the service sends, as a check and for the user's rights. */
const COMMANDS = '+get +set +del +incr +pexpire +pttl +eval +evalsha +info +select';
const CHECK = `
redis.call('GET', KEYS[1])
redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('PTTL', KEYS[1])`;

const OPTIONS = {
  lazyConnect: true,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  // At shutdown, ioredis waits this long for a connection that is already lost.
  disconnectTimeout: COMMAND_TIMEOUT_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
} satisfies RedisOptions;

/**
 * The one connection to Redis. An outage is a lost connection. A Redis that answers and refuses, such as a replica, a full
 * one or one whose user lacks a right, keeps its connection, and what it refuses is done without it.
 */
export class RedisClient implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisClient.name);
  private readonly readyListeners: (() => void)[] = [];
  private lastError = 'the connection was lost';
  private ready = false;
  private warned = false;
  private closing = false;
  private pauses = 0;
  private readyAt = Number.NEGATIVE_INFINITY;
  /** Why the connection must not be used although it stands, such as a database that does not exist. */
  private unusable: Error | undefined;
  /** Whether a refusal has been logged. */
  private refusing = false;
  private readonly rechecking = new BackgroundTask({
    name: 'Checking what Redis refuses',
    everyMs: RECHECK_MS,
    run: () => this.recheck(),
  });
  /** For definitions of scripts; commands go through `attempt()`, unless the caller handles their failure. */
  readonly commands: Redis;

  constructor(
    url: string,
    /** Starts every key. */
    readonly prefix: string,
  ) {
    this.commands = new Redis(url, { ...OPTIONS, retryStrategy: () => this.nextPause() });
    this.commands.on('connect', () => (this.unusable = undefined));
    this.commands.on('error', (error: NodeJS.ErrnoException) => {
      this.lastError = error.message || String(error.code);
      if (isRefusal(error)) this.unusable = error;
    });
    this.commands.on('ready', () => this.noteReady());
    this.commands.on('close', () => this.noteClosed());
  }

  /** Connects; if that fails, it is tried again in the background. */
  async connect(): Promise<this> {
    await this.commands.connect().catch(() => undefined);
    this.rechecking.start();
    return this;
  }

  /** Calls `listener` at every new connection, before anything is sent over it. */
  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  /** @returns what Redis answers; `undefined` when it is away, too slow, or refuses (full, or read-only) */
  async attempt<T>(command: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (!this.ready) return undefined;
    this.joinWrites();
    try {
      return await command(this.commands);
    } catch (error) {
      if (isRefusal(error)) this.noteRefusal(error);
      return undefined;
    }
  }

  /** @throws when Redis is away or refuses any of the commands that the service sends */
  async check(): Promise<void> {
    const { commands } = this;
    if (!this.ready) throw this.unusable ?? new Error(this.lastError);
    const [key, counter] = [`${this.prefix}ping`, `${this.prefix}ping:counter`];
    try {
      await Promise.all([
        commands.set(key, '', 'PX', CHECK_TTL_MS),
        commands.get(key),
        commands.eval(CHECK, 1, counter, CHECK_TTL_MS),
        commands.del(key, counter),
      ]);
    } catch (error) {
      if (isRefusal(error)) this.noteRefusal(error);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    await this.rechecking.stop();
    await this.commands.quit().catch(() => this.commands.disconnect());
  }

  /** Sends the commands of one turn of the event loop, of all its requests, in one write: each write is a system call. */
  private joinWrites(): void {
    const { stream } = this.commands;
    if (stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  private nextPause(): number {
    if (performance.now() - this.readyAt > STABLE_MS && this.ready) this.pauses = 0;
    this.pauses += 1;
    return Math.min(FIRST_PAUSE_MS * 2 ** (this.pauses - 1), LONGEST_PAUSE_MS);
  }

  private async recheck(): Promise<void> {
    // A new connection selects its database again.
    if (this.unusable !== undefined && this.commands.status === 'ready') this.commands.disconnect(true);
    else if (this.refusing) {
      await this.check().then(
        () => this.noteAccepted(),
        () => undefined,
      );
    }
  }

  private noteReady(): void {
    if (this.unusable !== undefined) {
      this.noteRefusal(this.unusable);
      return;
    }
    for (const listener of this.readyListeners) listener();
    this.ready = true;
    this.readyAt = performance.now();
    if (this.warned) this.logger.log('Redis is connected again');
    this.warned = false;
  }

  private noteClosed(): void {
    this.ready = false;
    if (!this.warned && !this.closing && !this.refusing) {
      this.logger.warn(`Redis is away (${this.lastError})${this.adviceFor(this.lastError)}: working without it`);
      this.warned = true;
    }
    this.lastError = 'the connection was lost';
  }

  /** One line, however much is refused, until everything is accepted again. */
  private noteRefusal({ message }: Error): void {
    if (!this.refusing) this.logger.warn(`Redis refuses (${message})${this.adviceFor(message)}: working without it`);
    this.refusing = true;
  }

  private noteAccepted(): void {
    this.logger.log('Redis takes all commands again');
    this.refusing = false;
  }

  private adviceFor(message: string): string {
    const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1];
    return advice === undefined ? '' : `; ${advice.replace(':prefix', this.prefix)}`;
  }
}

/** What an operator can do about a refusal. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/NOPERM|ACL failure|executing the script can't/i, `grant its user ~:prefix* ${COMMANDS}`],
  [/READONLY/, 'REDIS_URL must name the primary'],
  [/OOM/, 'raise its maxmemory or set an eviction policy'],
  [/WRONGPASS|NOAUTH|invalid password/i, 'REDIS_URL needs its user and password'],
  [/DB index/, 'REDIS_URL must name a database that it has'],
  [/altnames/, 'REDIS_URL must name a host that its certificate is for'],
  [
    /certificate/,
    'REDIS_URL must lead to a server whose certificate Node.js trusts (NODE_EXTRA_CA_CERTS adds an authority)',
  ],
];

/** Whether Redis has answered with an error, other than that the connection or the time was lost. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
