import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { login, NO_LIMITS, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { type AuditLogEntry, auditLogs } from '../support/audit.js';
import type { ApiClient } from '../support/client.js';
import { ADMIN, newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { killPrograms, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** What a killed process may lose of its counts, in milliseconds, and as long again for a slow machine. */
const STORED_WITHIN_MS = 2_000;
const MINUTE_MS = 60_000;

/** Ends the minute of every fold. */
const endMinutes = ({ app }: TestApp) =>
  app.get(PrismaService).$executeRaw`UPDATE audit.folds SET ends_at = ends_at - interval '2 minutes'`;

/** What is told of entries: the target and the count, the newest first. */
const told = (entries: readonly AuditLogEntry[]) => entries.map(({ target, count }) => [target.id, count]);

const guess = (api: ApiClient, name: object, address: string) =>
  api.post('/auth/login', { ...name, password: OTHER_PASSWORD }, { headers: { 'x-forwarded-for': address } });

const ofTwo = (test: TestApp, query: Readonly<Record<string, string>>) => async () =>
  (await auditLogs(test, query)).length === 2;

describe('The counts of failures that repeat, in the audit log', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it('survive kill -9, and are written by the next process when their minute is over', async () => {
    const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
    const killed = await spawnApp({ ...stores.env, ...SECRETS, ...admin, LOG_LEVEL: 'error' });
    const account = newAccount();
    const { user, token } = await register(killed.api, account);
    const [one, two] = [randomUUID(), randomUUID()];
    const deniedAt = (id: string) => killed.api.get(`/users/${id}`, { token });
    for (let n = 0; n < 4; n += 1) {
      await killed.api.post('/auth/login', { email: account.email, password: OTHER_PASSWORD });
      const body = { currentPassword: OTHER_PASSWORD, newPassword: PASSWORD };
      await killed.api.put('/users/me/password', body, { token });
      await killed.api.delete('/roles/user', { token });
      await deniedAt(two);
    }
    await deniedAt(one);
    await sleep(STORED_WITHIN_MS);
    await killed.stop('SIGKILL');

    const test = await startApp({}, stores);
    try {
      const failed = { targetId: user.id, action: 'login.failed' };
      expect(told(await auditLogs(test, failed))).toEqual([[user.id, 1]]);
      await endMinutes(test);
      await waitUntil('the repeats are recorded', ofTwo(test, failed));
      expect(told(await auditLogs(test, failed))).toEqual([
        [user.id, 3],
        [user.id, 1],
      ]);
      const counts = async (query: Readonly<Record<string, string>>) =>
        (await auditLogs(test, query)).map(({ count }) => count);
      expect(await counts({ targetId: user.id, action: 'user.password_changed' })).toEqual([3, 1]);
      expect(await counts({ actorId: user.id, targetId: 'user' })).toEqual([3, 1]);
      expect(await counts({ actorId: user.id, targetId: two })).toEqual([3, 1]);
      expect(await counts({ actorId: user.id, targetId: one })).toEqual([1]);
    } finally {
      await test.close();
    }
  });
});

describe('Logins refused past the limit', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ ...NO_LIMITS, AUTH_RATE_LIMIT_MAX: '1', TRUST_PROXY: '127.0.0.1' });
  });
  afterAll(() => test.close());

  const throttledFrom = async (network: string) =>
    (await auditLogs(test, { action: 'login.throttled' })).filter(({ ip }) => ip?.startsWith(network) === true);

  it.each([
    ['10.6.0.', ['10.6.0.1', '10.6.0.1', '10.6.0.1']],
    ['2001:db8:6:', ['2001:db8:6::1', '2001:db8:6::2', '2001:db8:6::3']],
  ])(
    'are one entry at once for a client at %s…, whatever accounts it tries, then one with the number',
    async (network, addresses) => {
      const known = await Promise.all([0, 1].map(async () => (await register(test.api, newAccount())).user));
      const names = [{ email: known[0]?.email }, { username: known[1]?.username }, { email: newAccount().email }];
      for (const address of addresses) for (const name of names) await guess(test.api, name, address);
      const refused = addresses.length * names.length - names.length;
      expect((await throttledFrom(network)).map(({ count }) => count)).toEqual([1]);
      await sleep(STORED_WITHIN_MS);
      await endMinutes(test);
      await waitUntil('the repeats are recorded', async () => (await throttledFrom(network)).length === 2);
      // The repeats were about several accounts.
      expect(told(await throttledFrom(network))).toEqual([
        [null, refused - 1],
        [known[0]?.id, 1],
      ]);
    },
  );

  it('fold apart by address, and name the account where there is one only', async () => {
    const { user } = await register(test.api, newAccount());
    const [mine, other] = ['10.6.1.1', '10.6.2.1'];
    for (const address of [mine, mine, mine, mine, other, other]) {
      await guess(test.api, { email: user.email }, address);
    }
    await login(test.api, ADMIN);
    expect(told(await throttledFrom('10.6.1.'))).toEqual([[user.id, 1]]);
    expect(told(await throttledFrom('10.6.2.'))).toEqual([[user.id, 1]]);
    await sleep(STORED_WITHIN_MS);
    await endMinutes(test);
    await waitUntil('the repeats are recorded', async () => (await throttledFrom('10.6.1.')).length === 2);
    expect(told(await throttledFrom('10.6.1.'))).toEqual([
      [user.id, 2],
      [user.id, 1],
    ]);
  });

  it('are one entry a minute while they last, and one at once again after a minute without any', async () => {
    const address = '10.6.3.1';
    let passedMs = 0;
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    const { user } = await register(test.api, newAccount());
    const refuse = async (times: number) => {
      for (let n = 0; n < times; n += 1) await guess(test.api, { email: user.email }, address);
    };
    const stored = (count: number) =>
      waitUntil('the repeats are stored', async () => {
        const rows = await test.app.get(PrismaService).$queryRaw<{ count: number }[]>`
          SELECT count FROM audit.folds WHERE entry->>'ip' = ${address}`;
        return rows[0]?.count === count;
      });
    const passMinute = async () => {
      passedMs += MINUTE_MS;
      await endMinutes(test);
      await sleep(STORED_WITHIN_MS);
    };
    const recorded = async (...counts: number[]) => {
      await waitUntil('the repeats are recorded', async () => (await throttledFrom(address)).length >= counts.length);
      expect((await throttledFrom(address)).map(({ count }) => count)).toEqual(counts);
    };
    try {
      // The first is a guess that is judged.
      await refuse(1 + 1 + 3);
      await recorded(1);
      await stored(3);
      await passMinute();
      await refuse(2);
      await recorded(3, 1);
      await stored(2);
      await passMinute();
      await recorded(2, 3, 1);
      await passMinute();
      await refuse(3);
      await recorded(1, 2, 3, 1);
    } finally {
      clock.mockRestore();
    }
  });
});
