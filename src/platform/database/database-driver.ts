import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';

/** What PrismaService runs on: a PostgreSQL server, or the embedded PGlite. Also the injection token. */
export abstract class DatabaseDriver {
  abstract readonly adapter: SqlMigrationAwareDriverAdapterFactory;
  /** When the database was heard of last, in milliseconds as `performance.now()` counts. */
  abstract readonly lastAnswerAt: number;
  abstract close(): Promise<void>;
}
