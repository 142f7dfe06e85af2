import { setTimeout as sleep } from 'node:timers/promises';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { UserTotalsService } from '../../src/users/index.js';
import { FAST_HASHES, login, NO_LIMITS, SECRETS, startApp } from '../support/app.js';
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
const STATUSES = ['active', 'inactive', 'suspended', 'deleted'] as const;

/** Makes changes, some of which fail, until there were enough or the process is gone. */
async function write(app: SpawnedApp, token: string, random: Random, changes: number): Promise<void> {
  const ids: string[] = [];
  for (let made = 0; made < changes; made += 1) {
    const id = ids.length === 0 ? undefined : ids[random.below(ids.length)];
    const kind = random.below(6);
    const answer =
      id === undefined || kind <= 1
        ? app.api.post(
            '/users',
            newAccount(kind === 0 ? {} : { email: random.below(3) === 0 ? ADMIN.email : undefined }),
          )
        : kind === 2
          ? app.api.delete(`/users/${id}`, { token })
          : kind === 3
            ? app.api.post(`/users/${id}/restore`, undefined, { token })
            : app.api.put(
                `/users/${id}/status`,
                { status: random.pick(['active', 'inactive', 'suspended']) },
                { token },
              );
    const { status, body } = await answer;
    if (status === 201) ids.push(body.data.user.id);
  }
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
    for (const status of STATUSES) {
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
    const sql = async (statement: string) => prisma.$executeRawUnsafe(statement);
    await sql(`INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, status)
      SELECT gen_random_uuid(), 'sql' || n, 'sql' || n, n || '@sql.org', n || '@sql.org', 'none',
        (ARRAY['active', 'inactive', 'suspended'])[1 + n % 3]::user_status FROM generate_series(1, 50) AS n`);
    await sql(`UPDATE users SET status = 'suspended' WHERE username LIKE 'sql1%'`);
    await sql(`DELETE FROM users WHERE username LIKE 'sql2%'`);
    await prisma
      .$transaction(async (db) => {
        await db.$executeRaw`UPDATE users SET status = 'inactive' WHERE username LIKE 'sql%'`;
        throw new Error('back');
      })
      .catch(() => undefined);
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
    it('make no writer wait for a transaction that has counted and is not over', async () => {
      await onDatabase(stores, async (first) => {
        await first.query('BEGIN');
        await first.query(`UPDATE users SET status = 'inactive' WHERE username = 'sql30'`);
        await onDatabase(stores, async (second) => {
          await second.query(`SET lock_timeout TO '100ms'`);
          await second.query(`UPDATE users SET status = 'inactive' WHERE username = 'sql31'`);
        });
        await first.query('ROLLBACK');
      });
      await expectExact();
    });
  }
});
