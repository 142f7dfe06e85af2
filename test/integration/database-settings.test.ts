import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { newAccount, OTHER_PASSWORD } from '../support/factories.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const HOUR_MS = 3_600_000;

let stores: Stores;
let test: TestApp | undefined;
beforeEach(async () => {
  stores = await createStores();
});
afterEach(async () => {
  await test?.close();
  test = undefined;
  await stores.remove();
});

/** Expects what depends on how the database reads and writes times, bytes and texts. */
async function expectOrdinary(running: TestApp): Promise<void> {
  const { api } = running;
  const { token } = await running.admin();
  const accounts = Array.from({ length: 3 }, () => newAccount());
  for (const account of accounts) {
    const session = await register(api, account);
    const { body } = await api.get('/users/me', { token: session.token });
    expect(Math.abs(Date.parse(body.data.user.createdAt) - Date.now())).toBeLessThan(60_000);
  }
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await api.get(`/users?limit=1&sortBy=createdAt${query}`, { token });
    seen.push(...body.data.users.map((user: { username: string }) => user.username));
    cursor = body.data.pagination.nextCursor;
  }
  expect(seen).toEqual([...accounts.map(({ username }) => username).toReversed(), expect.any(String)]);
  expect((await api.get(`/users?search=%5C`, { token })).status).toBe(400);
  expect((await api.get(`/users?search=%5C%25`, { token })).body.data.users).toEqual([]);

  const issued = await api.post(`/users/${await idOf(api, seen[0] ?? '', token)}/password-reset`, undefined, { token });
  expect(Math.abs(Date.parse(issued.body.data.expiresAt) - Date.now() - HOUR_MS)).toBeLessThan(60_000);
  const { resetToken } = issued.body.data;
  const redeemed = await api.post('/auth/reset-password', { resetToken, newPassword: OTHER_PASSWORD });
  expect(redeemed.status).toBe(200);

  const [account] = accounts;
  expect((await api.post('/auth/login', { email: account?.email, password: 'Wrong-7-password' })).status).toBe(401);
  await waitUntil('every entry is linked', async () => {
    const { body } = await api.get('/audit-logs/verification', { token });
    expect(body.data).toMatchObject({ valid: true, firstInvalidId: null });
    return body.data.entries >= 10;
  });
}

async function idOf(api: TestApp['api'], username: string, token: string): Promise<string> {
  return (await api.get(`/users?username=${username}`, { token })).body.data.users[0].id;
}

describe('The settings of a database', () => {
  it('that are unlike what the application needs change nothing that a client sees', async () => {
    test = await startApp({}, stores);
    await expectOrdinary(test);
  });

  if (onServers) {
    it.each([
      ['timezone', "'America/St_Johns'"],
      ['timezone', "'Europe/Berlin'"],
      ['datestyle', "'SQL', 'DMY'"],
      ['datestyle', "'Postgres', 'MDY'"],
      ['intervalstyle', "'iso_8601'"],
      ['default_transaction_isolation', "'repeatable read'"],
      ['search_path', 'audit, public'],
    ])('do so one at a time, set for the role: %s = %s', async (name, value) => {
      await onDatabase(stores, async (client) => {
        await client.query(`ALTER DATABASE ${client.database} RESET ALL`);
        await client.query(`ALTER ROLE CURRENT_USER IN DATABASE ${client.database} SET ${name} TO ${value}`);
      });
      test = await startApp({}, stores);
      await expectOrdinary(test);
    });
  }
});
