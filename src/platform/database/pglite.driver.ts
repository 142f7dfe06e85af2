import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { DataFolderLock } from './data-folder-lock.js';
import type { DatabaseDriver } from './database-driver.js';

const EXTENSIONS = { pg_trgm };

/** PostgreSQL compiled to WebAssembly, on a data folder that this process holds alone. One connection. */
export class PgliteDriver implements DatabaseDriver {
  readonly adapter: SqlMigrationAwareDriverAdapterFactory;

  private constructor(
    private readonly client: PGlite,
    private readonly lock: DataFolderLock,
  ) {
    this.adapter = new PrismaPGlite(client);
  }

  /** It runs in this process: there is nobody to wait for. */
  get lastAnswerAt(): number {
    return performance.now();
  }

  /** @throws DataFolderInUseError */
  static async open(dataDir: string): Promise<PgliteDriver> {
    const lock = await DataFolderLock.acquire(dataDir);
    try {
      const client = await PGlite.create({ dataDir: join(dataDir, 'pglite'), extensions: EXTENSIONS });
      return new PgliteDriver(client, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.lock.release();
  }
}

/** A throw-away database in memory: the schema engine replays the migrations on it to compare them. */
export class ShadowDatabase extends PrismaPGlite {
  private readonly opened: PGlite[];

  private constructor(main: PGlite) {
    super(main);
    this.opened = [main];
  }

  static async open(): Promise<ShadowDatabase> {
    return new ShadowDatabase(await newMemoryDatabase());
  }

  override async connectToShadowDb() {
    const client = await newMemoryDatabase();
    this.opened.push(client);
    return new PrismaPGlite(client).connect();
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((database) => database.close()));
  }
}

function newMemoryDatabase(): Promise<PGlite> {
  return PGlite.create({ extensions: EXTENSIONS });
}
