import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#platform/errors';
import type { SqlConnection } from '#platform/postgres';
import type { MigrationLock } from './migration-lock.js';
import {
  listMigrations,
  type MigrationFile,
  type MigrationSource,
  type MigrationStep,
  readMigration,
} from './migrations.js';

/**
 * How long (ms) a migration may wait for a lock: requests for the same table wait behind it. Then it lets them pass and
 * tries again.
 */
const LOCK_TIMEOUT_MS = 500;
const LOCK_PAUSE_MS = 1_000;
/** How long (ms) it keeps trying before it fails. */
const LOCK_PATIENCE_MS = 10 * 60_000;
/** PostgreSQL: a lock was not available in time, or a deadlock was resolved. */
const LOCK_ERRORS = new Set(['55P03', '40P01']);

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

  /** The names of finished migrations that a newer release has applied, oldest first. */
  async unknown(): Promise<string[]> {
    const known = new Set<unknown>((await listMigrations(this.source)).map(({ name }) => name));
    return [...(await this.applied()).keys()]
      .filter((name) => !known.has(name))
      .map(String)
      .toSorted();
  }

  /** The names of the migrations on disk that the database lacks or has not finished, oldest first. */
  async pending(): Promise<string[]> {
    const applied = await this.applied();
    return (await this.pendingFiles(applied)).map(({ name }) => name);
  }

  /**
   * @returns the names of the migrations that it finished
   * @throws MigrationError
   */
  async applyPending(): Promise<string[]> {
    const pending = await this.pendingFiles(await this.applied());
    if (pending.length > 0) await this.connection.execute(CREATE_HISTORY);
    const applied = await this.applied();
    for (const file of pending) {
      const { name } = file;
      const step = this.source.steps[name];
      try {
        if (!applied.has(name)) await this.apply(file, step === undefined);
        if (step !== undefined) await this.runStep(name, step);
        // Its SQL was applied, and no step is left: a crash came between the two, or a later release dropped the step.
        else if (applied.get(name) === false) await this.finish(name);
      } catch (error) {
        throw new MigrationError(name, error);
      }
    }
    return pending.map(({ name }) => name);
  }

  /** By name, the migrations whose SQL has been applied, and whether they are finished. */
  private async applied(): Promise<Map<unknown, boolean>> {
    const { rows: tables } = await this.connection.query(`SELECT to_regclass('_prisma_migrations') AS name`);
    const { rows } = tables[0]?.['name'] === null ? { rows: [] } : await this.connection.query(APPLIED);
    return new Map(rows.map(({ migration_name: name, finished }) => [name, finished === true]));
  }

  private async pendingFiles(applied: ReadonlyMap<unknown, boolean>): Promise<MigrationFile[]> {
    return (await listMigrations(this.source)).filter(({ name }) => applied.get(name) !== true);
  }

  private async apply(file: MigrationFile, finished: boolean): Promise<void> {
    const { name, sql, transactional, checksum } = await readMigration(file);
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
    const runBatch = async () => {
      const finished = await step(this.connection);
      if (finished) await this.finish(name);
      return finished;
    };
    while (!(await this.inTransaction(runBatch)));
  }

  private async finish(name: string): Promise<void> {
    const finish = `UPDATE _prisma_migrations SET finished_at = clock_timestamp() WHERE ${UNFINISHED}`;
    await this.connection.query(finish, [name]);
  }

  private async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    const end = performance.now() + LOCK_PATIENCE_MS;
    for (;;) {
      try {
        return await this.tryInTransaction(work);
      } catch (error) {
        if (!isLockError(error) || performance.now() > end) throw error;
        await sleep(LOCK_PAUSE_MS);
      }
    }
  }

  private async tryInTransaction<T>(work: () => Promise<T>): Promise<T> {
    await this.connection.execute(`BEGIN; SET LOCAL lock_timeout TO ${LOCK_TIMEOUT_MS}`);
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

function isLockError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOCK_ERRORS.has(String(error.code));
}
