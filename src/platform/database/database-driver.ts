import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';

/** What PrismaService runs on: a PostgreSQL server, or the embedded PGlite. Also the injection token. */
export abstract class DatabaseDriver {
  abstract readonly adapter: SqlMigrationAwareDriverAdapterFactory;
  /** Shown in the start-up log; without credentials. */
  abstract readonly description: string;
  abstract close(): Promise<void>;
}
