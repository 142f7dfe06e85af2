import { expect } from '@jest/globals';
import { login, register } from './app.js';
import type { ApiClient } from './client.js';
import { ADMIN, newAccount, OTHER_PASSWORD } from './factories.js';
import { waitUntil } from './wait.js';

const HOUR_MS = 3_600_000;

/** Expects what depends on how the database reads and writes times, bytes and texts. */
export async function expectOrdinary(api: ApiClient): Promise<void> {
  const { token } = await login(api, ADMIN);
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

async function idOf(api: ApiClient, username: string, token: string): Promise<string> {
  return (await api.get(`/users?username=${username}`, { token })).body.data.users[0].id;
}
