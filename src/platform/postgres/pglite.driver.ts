import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { DataFolderLock } from './data-folder-lock.js';
import { DatabaseWatch } from './database-watch.js';
import type { DatabaseDriver, SqlConnection } from './database-driver.js';
import { SET_SESSION } from './session-settings.js';
import { WatchedAdapter } from './watched-adapter.js';

const EXTENSIONS = { pg_trgm };

/** PostgreSQL compiled to WebAssembly, on a data folder that this process holds alone. One connection. */
export class PgliteDriver implements DatabaseDriver {
  readonly adapter: SqlDriverAdapterFactory;
  readonly watch: DatabaseWatch;

  private constructor(
    private readonly client: PGlite,
    private readonly lock: DataFolderLock,
  ) {
    this.watch = new DatabaseWatch({
      remote: false,
      probe: (statement, values) => client.query(statement, values),
      renew: () => undefined,
    });
    const prisma = new PrismaPGlite(client);
    this.adapter = new WatchedAdapter(prisma.adapterName, this.watch, () => prisma.connect());
  }

  /** @throws DataFolderInUseError */
  static async open(dataDir: string): Promise<PgliteDriver> {
    const lock = await DataFolderLock.acquire(dataDir);
    try {
      const client = await PGlite.create({ dataDir: join(dataDir, 'pglite'), extensions: EXTENSIONS });
      await client.exec(SET_SESSION);
      return new PgliteDriver(client, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  withConnection<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return work({
      query: (statement, values) => this.client.query(statement, values),
      execute: async (script) => void (await this.client.exec(script)),
    });
  }

  async runApart(sql: string): Promise<readonly object[]> {
    return (await this.client.query<object>(sql)).rows;
  }

  async close(): Promise<void> {
    await this.watch.close();
    await this.client.close();
    await this.lock.release();
  }
}

/** A database in memory, gone when it is closed. */
export function openMemoryDatabase(): Promise<PGlite> {
  return PGlite.create({ extensions: EXTENSIONS });
}
