import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlConnection } from '../../src/platform/postgres/database-driver.js';
import { PostgresDriver } from '../../src/platform/postgres/postgres.driver.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const processOf = async (connection: SqlConnection) =>
  (await connection.query('SELECT pg_backend_pid() AS process')).rows[0]?.['process'];

describe('The connections after a time without writes', () => {
  let stores: Stores;
  let driver: PostgresDriver;
  beforeAll(async () => {
    stores = await createStores();
  });
  beforeEach(() => {
    const url = stores.env['DATABASE_URL'] ?? '';
    driver = new PostgresDriver({
      url,
      pgbouncer: false,
      poolMin: 1,
      poolMax: 1,
      probeTimeoutMs: 20_000,
      onIdleError: () => undefined,
    });
  });
  afterEach(() => driver.close());
  afterAll(() => stores.remove());

  /** Borrows the only connection. */
  async function borrow() {
    const returned = new AbortController();
    const process = await new Promise<unknown>((resolve) => {
      void driver.withConnection(async (connection) => {
        resolve(await processOf(connection));
        await once(returned.signal, 'abort');
      });
    });
    return { process, giveBack: () => returned.abort() };
  }

  async function renew(): Promise<void> {
    driver.watch.noteReadOnly();
    await waitUntil('the connections are replaced', async () => driver.watch.fault === undefined);
  }

  it('are new ones, also for statements that waited for one in use', async () => {
    const { process, giveBack } = await borrow();
    const waiting = [driver.withConnection(processOf), driver.withConnection(processOf)];
    await renew();
    giveBack();
    const processes = await Promise.all(waiting);
    expect(processes).toEqual([expect.any(Number), expect.any(Number)]);
    expect(processes).not.toContain(process);
  });

  it('serve new statements while old ones are still running', async () => {
    const { process, giveBack } = await borrow();
    await renew();
    expect(await driver.withConnection(processOf)).not.toBe(process);
    giveBack();
  });

  it('replace the old ones, which are closed', async () => {
    const { process, giveBack } = await borrow();
    await renew();
    giveBack();
    const isOpen = (connection: SqlConnection) =>
      connection.query('SELECT FROM pg_stat_activity WHERE pid = $1', [process]);
    await waitUntil('the old one is closed', async () => (await driver.withConnection(isOpen)).rows.length === 0);
    expect(await driver.withConnection(processOf)).not.toBe(process);
  });
});
