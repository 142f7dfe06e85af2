import { randomUUID } from 'node:crypto';
import { StartupError } from '#platform/errors';
import type { SqlConnection } from './database-driver.js';
import type { MigrationLock } from './migration-lock.js';
import { migrationNames, type MigrationSource, type MigrationStep, readMigration } from './migrations.js';

/** As Prisma creates it: its CLI and its schema engine read the same table. */
const CREATE_HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                      VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum                VARCHAR(64) NOT NULL,
  finished_at             TIMESTAMPTZ,
  migration_name          VARCHAR(255) NOT NULL,
  logs                    TEXT,
  rolled_back_at          TIMESTAMPTZ,
  started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;
/** A row of Prisma's engine without an applied step is a failure. */
const APPLIED = `SELECT migration_name, finished_at IS NOT NULL AS finished FROM _prisma_migrations
  WHERE rolled_back_at IS NULL AND (finished_at IS NOT NULL OR applied_steps_count > 0)`;
const UNFINISHED = 'migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL';

export class MigrationError extends StartupError {
  constructor(name: string, cause: unknown) {
    super(`The migration ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.cause = cause;
  }
}

/** Applies the migrations that a database lacks, in order. */
export class Migrator {
  /** @param lock is checked before each commit; an embedded database, which has one process, needs none */
  constructor(
    private readonly connection: SqlConnection,
    private readonly source: MigrationSource,
    private readonly lock?: MigrationLock,
  ) {}

  /** The names of the migrations on disk that the database lacks or has not finished, oldest first. */
  async pending(): Promise<string[]> {
    const applied = await this.applied();
    return (await migrationNames(this.source.folder)).filter((name) => applied.get(name) !== true);
  }

  /**
   * @returns the names of the migrations that it finished
   * @throws MigrationError
   */
  async applyPending(): Promise<string[]> {
    const pending = await this.pending();
    if (pending.length > 0) await this.connection.execute(CREATE_HISTORY);
    const applied = await this.applied();
    for (const name of pending) {
      const step = this.source.steps[name];
      try {
        if (!applied.has(name)) await this.apply(name, step === undefined);
        if (step !== undefined) await this.runStep(name, step);
      } catch (error) {
        throw new MigrationError(name, error);
      }
    }
    return pending;
  }

  /** By name, the migrations whose SQL has been applied, and whether they are finished. */
  private async applied(): Promise<Map<unknown, boolean>> {
    const { rows: tables } = await this.connection.query(`SELECT to_regclass('_prisma_migrations') AS name`);
    const { rows } = tables[0]?.['name'] === null ? { rows: [] } : await this.connection.query(APPLIED);
    return new Map(rows.map(({ migration_name: name, finished }) => [name, finished === true]));
  }

  private async apply(name: string, finished: boolean): Promise<void> {
    const { sql, transactional, checksum } = await readMigration(this.source.folder, name);
    if (!transactional) for (const statement of sql.split(/;$/m)) await this.connection.execute(statement);
    await this.inTransaction(async () => {
      if (transactional) await this.connection.execute(sql);
      // Prisma's CLI continues after a failure that its engine recorded only if the row says "rolled back".
      await this.connection.query(`UPDATE _prisma_migrations SET rolled_back_at = now() WHERE ${UNFINISHED}`, [name]);
      await this.connection.query(
        `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
         VALUES ($1, $2, $3, CASE WHEN $4::boolean THEN clock_timestamp() END, 1)`,
        [randomUUID(), checksum, name, finished],
      );
    });
  }

  private async runStep(name: string, step: MigrationStep): Promise<void> {
    const finish = `UPDATE _prisma_migrations SET finished_at = clock_timestamp() WHERE ${UNFINISHED}`;
    const runBatch = async () => {
      const finished = await step(this.connection);
      if (finished) await this.connection.query(finish, [name]);
      return finished;
    };
    while (!(await this.inTransaction(runBatch)));
  }

  private async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    await this.connection.execute('BEGIN');
    try {
      const result = await work();
      await this.lock?.assertHeld();
      await this.connection.execute('COMMIT');
      return result;
    } catch (error) {
      // Fails only on a lost connection, whose transaction ends by itself.
      await this.connection.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }
}
