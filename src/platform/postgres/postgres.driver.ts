import { hash } from 'node:crypto';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import pg from 'pg';
import type { DatabaseDriver, SqlConnection } from './database-driver.js';
import { DatabaseSilentError } from './database-errors.js';
import { DatabaseWatch } from './database-watch.js';
import { SET_SESSION, SET_SESSION_THROUGH_PGBOUNCER } from './session-settings.js';
import { WatchedAdapter } from './watched-adapter.js';

/** How long a request may wait for a connection, in milliseconds: then it is told that the database is away. */
const CONNECT_TIMEOUT_MS = 3_000;
/** How long one statement may run, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
/** How long (ms) a statement apart from those of requests may take, its connection included. */
const APART_TIMEOUT_MS = 2_000;
/** How often (ms) a replaced pool is asked whether statements wait for its connections. */
const WAITING_CHECK_MS = 50;

export interface PostgresOptions {
  readonly url: string;
  /** Whether it is PgBouncer in transaction mode, which knows no prepared statements and refuses startup parameters. */
  readonly pgbouncer: boolean;
  readonly poolMin: number;
  readonly poolMax: number;
  /** How long a probe of a near server may take, its connection included, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** Migrations may take as long as they need. */
  readonly unlimitedStatements?: boolean;
  readonly onIdleError: (error: Error) => void;
}

/** The connections that serve requests, until others replace them. */
interface Connections {
  readonly pool: pg.Pool;
  readonly prisma: ReturnType<PrismaPg['connect']>;
  /** Connects at its first statement. */
  readonly apart: pg.Pool;
  readonly sockets: ReadonlySet<Socket>;
}

/** A pool of connections to a PostgreSQL server, with prepared statements. */
export class PostgresDriver implements DatabaseDriver {
  readonly adapter: SqlDriverAdapterFactory;
  readonly watch: DatabaseWatch;
  private connections: Connections;
  /** Pools that have been replaced, until their last connection is closed. */
  private readonly replaced = new Set<Promise<void>>();
  /** Each statement has a new connection, which shows whether the server lets one in. */
  private probes: pg.Pool | undefined;
  /** How long (ms) a probe may take, its connection included. */
  private probeMs: number | undefined;

  constructor(private readonly options: PostgresOptions) {
    this.connections = this.connect();
    this.watch = new DatabaseWatch({
      remote: true,
      probe: (statement, values) => this.probe(statement, values),
      renew: ({ cut }) => this.renew(cut),
    });
    this.adapter = new WatchedAdapter('@prisma/adapter-pg', this.watch, () => this.connections.prisma);
  }

  async withConnection<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    const begunAt = performance.now();
    const client = await this.connections.pool.connect();
    this.probeMs ??= this.patience(performance.now() - begunAt);
    client.on('error', ignoreLoss);
    try {
      return await work({
        toldProcess: 'processID' in client ? client.processID : undefined,
        query: (statement, values) => client.query(statement, values),
        execute: async (script) => void (await client.query(script)),
      });
    } finally {
      client.off('error', ignoreLoss);
      client.release();
    }
  }

  async runApart(sql: string): Promise<readonly object[]> {
    return (await this.watch.run(() => this.connections.apart.query<object>(sql))).rows;
  }

  async close(): Promise<void> {
    await this.watch.close();
    const { pool, apart } = this.connections;
    await Promise.all([pool.end(), apart.end(), this.probes?.end(), ...this.replaced]);
  }

  private connect(): Connections {
    const { poolMin, poolMax, pgbouncer, unlimitedStatements } = this.options;
    const limit = (ms: number) => (pgbouncer ? {} : { statement_timeout: ms });
    const sockets = new Set<Socket>();
    const stream = () => {
      const socket = new Socket();
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      return socket;
    };
    const pool = this.openPool({
      min: poolMin,
      max: poolMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      keepAlive: true,
      stream,
      ...(unlimitedStatements === true
        ? {}
        : { ...limit(STATEMENT_TIMEOUT_MS), query_timeout: STATEMENT_TIMEOUT_MS + 1_000 }),
    });
    const apart = this.openPool({
      max: 1,
      connectionTimeoutMillis: APART_TIMEOUT_MS,
      // The server ends the statement too, except behind PgBouncer: otherwise each poll may leave one that waits for a lock.
      ...limit(APART_TIMEOUT_MS),
      query_timeout: APART_TIMEOUT_MS + 100,
      stream,
    });
    const adapter = new PrismaPg(pool, pgbouncer ? {} : { statementNameGenerator: nameOf });
    return { pool, prisma: adapter.connect(), apart, sockets };
  }

  private openPool(settings: pg.PoolConfig): pg.Pool {
    const config = {
      connectionString: this.options.url,
      application_name: 'user-management-api',
      // The pool awaits it before it lends the connection, though the types say "void".
      onConnect: this.options.pgbouncer ? setSessionThroughPgBouncer : setSession,
      ...settings,
    };
    return new pg.Pool(config).on('error', this.options.onIdleError);
  }

  /** A distant server takes longer to let a connection in, and PgBouncer while all of its own are in use. */
  private patience(firstConnectionMs: number): number {
    const { pgbouncer, probeTimeoutMs } = this.options;
    return Math.max(probeTimeoutMs, pgbouncer ? CONNECT_TIMEOUT_MS : 2 * firstConnectionMs);
  }

  /** With a limit on the whole, as a pool limits the connecting and the statement apart. */
  private async probe(statement: string, values: unknown[]): Promise<pg.QueryResult> {
    const limitMs = this.probeMs ?? CONNECT_TIMEOUT_MS;
    this.probes ??= this.openPool({
      max: 1,
      maxUses: 1,
      connectionTimeoutMillis: limitMs,
      query_timeout: limitMs,
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DatabaseSilentError()), limitMs);
    });
    return Promise.race([this.probes.query(statement, values), tooLate]).finally(() => clearTimeout(timer));
  }

  private renew(cut: boolean): void {
    const { pool, apart, sockets } = this.connections;
    this.connections = this.connect();
    for (const old of [pool, apart]) {
      const ended = (cut ? old.end() : endWhenServed(old)).finally(() => this.replaced.delete(ended));
      this.replaced.add(ended);
    }
    if (cut) for (const socket of sockets) socket.destroy();
  }
}

/** A pool that ends lends nothing more: what waits for a connection would wait until its time-out. */
async function endWhenServed(pool: pg.Pool): Promise<void> {
  // What waits gets a new connection, not one that has been used.
  pool.options.maxUses = 1;
  while (pool.waitingCount > 0) await sleep(WAITING_CHECK_MS);
  await pool.end();
}

/** A statement that begins with a comment has no name: it is not prepared, but planned for its own values. */
function nameOf({ sql }: { readonly sql: string }): string {
  return sql.startsWith('/*') ? '' : hash('sha1', sql, 'base64url');
}

async function setSessionThroughPgBouncer(client: pg.ClientBase): Promise<void> {
  await client.query(SET_SESSION_THROUGH_PGBOUNCER);
}

async function setSession(client: pg.ClientBase): Promise<void> {
  await client.query(SET_SESSION);
}

/** A connection that is lost between two statements fails the next one. */
function ignoreLoss(): void {}
