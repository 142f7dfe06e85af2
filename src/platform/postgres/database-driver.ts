import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import type { DatabaseWatch } from './database-watch.js';

/** One connection, for what Prisma cannot run: scripts and statements outside a transaction. */
export interface SqlConnection {
  /** The server process behind it, as the connection was told when it opened; a pooler tells another one. */
  readonly toldProcess?: unknown;
  query(statement: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** Runs a script as one message, which PostgreSQL takes as one transaction. */
  execute(script: string): Promise<void>;
}

/** What PrismaService runs on: a PostgreSQL server, or the embedded PGlite. Also the injection token. */
export abstract class DatabaseDriver {
  abstract readonly adapter: SqlDriverAdapterFactory;
  abstract readonly watch: DatabaseWatch;
  /** Lends a connection to `work`. */
  abstract withConnection<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /** Runs a statement on a connection of its own, so that it does not wait for a free connection of the pool. */
  abstract runApart(sql: string): Promise<readonly object[]>;
  abstract close(): Promise<void>;
}
