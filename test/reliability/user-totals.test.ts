import { setTimeout as sleep } from 'node:timers/promises';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { UserTotalsService } from '../../src/users/index.js';
import { USER_STATUSES } from '../../src/users/user.js';
import { FAST_HASHES, login, NO_LIMITS, SECRETS, startApp } from '../support/app.js';
import type { ApiAnswer, ApiClient } from '../support/client.js';
import { onDatabase } from '../support/databases.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { createStores, onServers, type Stores } from '../support/stores.js';

/** `npm run drill -- totals` makes more of both. */
const CHANGES = Number(process.env['TOTALS_CHANGES'] ?? 300);
const KILLS = Number(process.env['TOTALS_KILLS'] ?? 1);
const WRITERS = 16;

type Change = (api: ApiClient, token: string, id: string) => Promise<ApiAnswer>;

/** Some of them fail. */
const CHANGES_OF_ONE: [Change, ...Change[]] = [
  (api) => api.post('/users', newAccount()),
  (api) => api.post('/users', newAccount({ email: ADMIN.email })),
  (api, token, id) => api.delete(`/users/${id}`, { token }),
  (api, token, id) => api.post(`/users/${id}/restore`, undefined, { token }),
  (api, token, id) => api.put(`/users/${id}/status`, { status: 'inactive' }, { token }),
  (api, token, id) => api.put(`/users/${id}/status`, { status: 'suspended' }, { token }),
  (api, token, id) => api.put(`/users/${id}/status`, { status: 'active' }, { token }),
];

/** Makes changes until there were enough; rejects when the process is gone. */
async function write({ api }: SpawnedApp, token: string, random: Random, changes: number): Promise<void> {
  const ids: string[] = [];
  for (let made = 0; made < changes; made += 1) {
    const change = ids.length === 0 ? CHANGES_OF_ONE[0] : random.pick(CHANGES_OF_ONE);
    const { status, body } = await change(api, token, ids[random.below(ids.length)] ?? '');
    if (status === 201) ids.push(body.data.user.id);
  }
}

function insertion(name: string): string {
  return `
    INSERT INTO users (id, username, username_lower, email, email_lower, password_hash)
    VALUES (gen_random_uuid(), '${name}', '${name}', '${name}@sql.org', '${name}@sql.org', 'none')`;
}

describe('The totals of users', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  /** Compares them, in one snapshot, with the rows of the table. */
  async function expectExact(): Promise<void> {
    const test = await startApp({}, stores);
    const rows = await test.app.get(PrismaService).$queryRaw<{ status: string; users: bigint; counted: bigint }[]>`
      SELECT status::text, (SELECT coalesce(sum(users), 0)::bigint FROM user_totals t WHERE t.status = u.status) AS users,
        counted
      FROM (SELECT unnest(enum_range(NULL::user_status)) AS status) AS u,
        LATERAL (SELECT count(*) AS counted FROM users WHERE users.status = u.status) AS c`;
    for (const { status, users, counted } of rows) expect([status, users]).toEqual([status, counted]);
    const { token } = await test.admin();
    for (const status of USER_STATUSES) {
      const { body } = await test.api.get(`/users?status=${status}&limit=1`, { token });
      const row = rows.find((one) => one.status === status);
      expect([status, body.data.pagination.totalItems]).toEqual([status, Number(row?.counted)]);
    }
    await test.close();
  }

  it(
    `equal count(*) after ${CHANGES} random changes by ${WRITERS} writers, and after kill -9 among them`,
    async () => {
      const env = {
        ...stores.env,
        ...SECRETS,
        ...FAST_HASHES,
        ...NO_LIMITS,
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_PASSWORD: ADMIN.password,
        LOG_LEVEL: 'error',
      };
      const begin = async () => {
        const app = await spawnApp(env);
        return { app, token: (await login(app.api, ADMIN)).token };
      };
      const { app, token } = await begin();
      const each = Math.ceil(CHANGES / WRITERS);
      await inParallel(WRITERS, (index) => write(app, token, new Random(index), each));
      await app.stop('SIGTERM');
      await expectExact();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const next = await begin();
        const writers = inParallel(WRITERS, (index) =>
          write(next.app, next.token, new Random(kill * WRITERS + index), CHANGES).catch(() => undefined),
        );
        await sleep(100 + new Random(kill).below(900));
        await next.app.stop('SIGKILL');
        await writers;
        await expectExact();
      }
    },
    120_000 + CHANGES * 100 + KILLS * 30_000,
  );

  it('are right after SQL that writes many users at once, rolls back, or empties the table', async () => {
    const test = await startApp({}, stores);
    const prisma = test.app.get(PrismaService);
    await prisma.$executeRaw`
      INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, status)
      SELECT gen_random_uuid(), 'sql' || n, 'sql' || n, n || '@sql.org', n || '@sql.org', 'none',
        (ARRAY['active', 'inactive', 'suspended'])[1 + n % 3]::user_status FROM generate_series(1, 50) AS n`;
    await prisma.$executeRaw`UPDATE users SET status = 'suspended' WHERE username LIKE 'sql1%'`;
    await prisma.$executeRaw`DELETE FROM users WHERE username LIKE 'sql2%'`;
    const rolledBack = prisma.$transaction(async (db) => {
      await db.$executeRaw`UPDATE users SET status = 'inactive' WHERE username LIKE 'sql%'`;
      await db.$executeRaw`TRUNCATE users CASCADE`;
      const left = await db.$queryRaw<object[]>`SELECT FROM user_totals`;
      throw new Error(`${left.length} left`);
    });
    await expect(rolledBack).rejects.toMatchObject({ message: '0 left' });
    await test.close();
    await expectExact();
  });

  it('are counted anew on request', async () => {
    const test = await startApp({}, stores);
    await test.app.get(PrismaService).$executeRaw`UPDATE user_totals SET users = users + 7`;
    const totals = await test.app.get(UserTotalsService).recount();
    expect(totals.get('active')).toBeGreaterThan(0);
    await test.close();
    await expectExact();
  });

  if (onServers) {
    it('make no writer wait for an open transaction that has counted', async () => {
      await onDatabase(stores, async (first) => {
        await first.query(`BEGIN; ${insertion('open1')}`);
        await onDatabase(stores, async (second) => {
          await second.query(`SET lock_timeout TO '100ms'`);
          expect((await second.query(insertion('open2'))).rowCount).toBe(1);
        });
        await first.query('COMMIT');
      });
      await expectExact();
    });
  }
});
