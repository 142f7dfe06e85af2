import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import pg from 'pg';
import type { DatabaseDriver, SqlConnection } from './database-driver.js';
import { SET_SESSION } from './session-settings.js';

/** How long a request may wait for a connection, in milliseconds: then it is told that the database is away. */
const CONNECT_TIMEOUT_MS = 3_000;
/** How long one statement may run, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
/** How long (ms) a statement apart from those of requests may take, its connection included. */
const APART_TIMEOUT_MS = 2_000;

export interface PostgresOptions {
  readonly url: string;
  readonly poolMin: number;
  readonly poolMax: number;
  /** Migrations may take as long as they need. */
  readonly unlimitedStatements?: boolean;
  readonly onIdleError: (error: Error) => void;
}

/** A pool of connections to a PostgreSQL server, with prepared statements. */
export class PostgresDriver implements DatabaseDriver {
  readonly adapter: SqlDriverAdapterFactory;
  readonly pool: pg.Pool;
  /** Connects at its first statement. */
  private readonly apart: pg.Pool;

  constructor(options: PostgresOptions) {
    const common = {
      connectionString: options.url,
      application_name: 'user-management-api',
      // The pool awaits it before it lends the connection, though the types say "void".
      onConnect: setSession,
    };
    this.apart = new pg.Pool({
      ...common,
      max: 1,
      connectionTimeoutMillis: APART_TIMEOUT_MS,
      // The server must end the statement too: otherwise each poll would leave a process that waits for a lock.
      statement_timeout: APART_TIMEOUT_MS,
      query_timeout: APART_TIMEOUT_MS + 100,
    });
    this.apart.on('error', options.onIdleError);
    this.pool = new pg.Pool({
      ...common,
      min: options.poolMin,
      max: options.poolMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      ...(options.unlimitedStatements === true
        ? {}
        : { statement_timeout: STATEMENT_TIMEOUT_MS, query_timeout: STATEMENT_TIMEOUT_MS + 1_000 }),
    });
    this.pool.on('error', options.onIdleError);
    this.adapter = new PrismaPg(this.pool, {
      statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url'),
    });
  }

  async withConnection<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    client.on('error', ignoreLoss);
    try {
      return await work({
        query: (statement, values) => client.query(statement, values),
        execute: async (script) => void (await client.query(script)),
      });
    } finally {
      client.off('error', ignoreLoss);
      client.release();
    }
  }

  async runApart(sql: string): Promise<readonly object[]> {
    return (await this.apart.query<object>(sql)).rows;
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.end(), this.apart.end()]);
  }
}

async function setSession(client: pg.ClientBase): Promise<void> {
  await client.query(SET_SESSION);
}

/** A connection that is lost between two statements fails the next one. */
function ignoreLoss(): void {}
