import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { waitUntil } from '../support/wait.js';

let test: TestApp;
let token: string;

const search = async (signal?: AbortSignal) =>
  fetch(`${await test.app.getUrl()}/api/v1/users?search=anything`, {
    headers: { authorization: `Bearer ${token}` },
    ...(signal === undefined ? {} : { signal }),
  });

/** How many searches run. On a connection of its own: within a transaction, it would see the same activities for ever. */
const running = () =>
  onDatabase(test.stores, async (client) => {
    const { rows } = await client.query(`
      SELECT count(*)::int AS running FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND query LIKE '/* search%'`);
    return rows[0].running;
  });

/** Locks the table, so that a search runs until it is cancelled. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await onDatabase(test.stores, async (client) => {
    await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await work();
    await client.query('ROLLBACK');
  });
}

describe('A search for users', () => {
  beforeAll(async () => {
    test = await startApp({ SEARCH_MAX_CONCURRENT: '1' });
    token = (await test.admin()).token;
    // In the cache, as the table is locked later.
    await test.api.get('/users/me', { token });
  });
  afterAll(() => test.close());

  it('ends in PostgreSQL when its client hangs up', async () => {
    await whileLocked(async () => {
      const client = new AbortController();
      const answer = search(client.signal).catch(() => undefined);
      await waitUntil('the search runs', async () => (await running()) === 1);
      client.abort();
      await waitUntil('the search has ended', async () => (await running()) === 0);
      await answer;
    });
    expect((await search()).status).toBe(200);
  });

  it('waits while as many run as SEARCH_MAX_CONCURRENT allows, unless its client hangs up', async () => {
    let waiting: Promise<Response> | undefined;
    await whileLocked(async () => {
      const first = search();
      await waitUntil('one search runs', async () => (await running()) === 1);
      const leaving = new AbortController();
      const second = search(leaving.signal).catch(() => undefined);
      await sleep(300);
      expect(await running()).toBe(1);
      expect((await test.api.get('/users/me', { token })).status).toBe(200);
      leaving.abort();
      await second;
      waiting = first;
    });
    expect((await waiting)?.status).toBe(200);
    expect((await search()).status).toBe(200);
  });
});
