import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const POLL_MS = 200;
/**
 * No other lock in this database has this number; Prisma's CLI uses 72707369. Given without a parameter, which would
 * leave a portal open in the transaction, and with it a snapshot.
 */
const TRY_LOCK = 'SELECT pg_try_advisory_xact_lock(8714301) AS locked';

/**
 * Lets one migrator at a time into a database. It polls, because a statement that waits for a lock holds a snapshot, and
 * another migrator's CREATE INDEX CONCURRENTLY waits for that in turn. While it is held, its transaction is idle and has
 * no snapshot. The lock of a transaction, unlike a session's, works through PgBouncer.
 */
export class MigrationLock {
  private constructor(private readonly client: pg.Client) {}

  static async acquire(url: string): Promise<MigrationLock> {
    const client = new pg.Client({ connectionString: url, keepAlive: true });
    // A lost connection is noticed by assertHeld().
    client.on('error', () => undefined);
    await client.connect();
    try {
      for (;;) {
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
        const { rows } = await client.query<{ locked: boolean }>(TRY_LOCK);
        if (rows[0]?.locked === true) return new MigrationLock(client);
        await client.query('ROLLBACK');
        await sleep(POLL_MS);
      }
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  /** @throws if the connection, and so the lock, was lost */
  async assertHeld(): Promise<void> {
    await this.client.query('SELECT 1');
  }

  async release(): Promise<void> {
    await this.client.end();
  }
}
