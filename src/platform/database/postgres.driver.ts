import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import type { DatabaseDriver } from './database-driver.js';

/** How long a request may wait for a connection, in milliseconds: then it is told that the database is away. */
const CONNECT_TIMEOUT_MS = 3_000;
/** How long one statement may run, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

export interface PostgresOptions {
  readonly url: string;
  readonly poolMin: number;
  readonly poolMax: number;
  /** Migrations may take as long as they need. */
  readonly unlimitedStatements?: boolean;
  readonly onIdleError: (error: Error) => void;
}

/** Prisma's own adapter cuts a script at every semicolon, also at those inside of a function. */
class WholeScripts extends PrismaPg {
  constructor(
    private readonly connections: pg.Pool,
    options: ConstructorParameters<typeof PrismaPg>[1],
  ) {
    super(connections, options);
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => void (await this.connections.query(script));
    return adapter;
  }
}

/** A pool of connections to a PostgreSQL server, with prepared statements. */
export class PostgresDriver implements DatabaseDriver {
  readonly adapter: SqlMigrationAwareDriverAdapterFactory;
  readonly pool: pg.Pool;
  lastAnswerAt = 0;

  constructor(options: PostgresOptions) {
    this.pool = new pg.Pool({
      connectionString: options.url,
      min: options.poolMin,
      max: options.poolMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      application_name: 'user-management-api',
      ...(options.unlimitedStatements === true
        ? {}
        : { statement_timeout: STATEMENT_TIMEOUT_MS, query_timeout: STATEMENT_TIMEOUT_MS + 1_000 }),
    });
    this.pool.on('connect', (client) => {
      this.lastAnswerAt = performance.now();
      client.connection.stream.on('data', () => (this.lastAnswerAt = performance.now()));
    });
    this.adapter = new WholeScripts(this.pool, {
      onPoolError: options.onIdleError,
      statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url'),
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
