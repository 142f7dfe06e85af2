import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { linkNow } from '../support/audit.js';
import { onDatabase } from '../support/databases.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { killPrograms, runCommand, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** What linking holds. */
const LINKING_LOCK = 8_714_303;
const BACKLOG_TIMEOUT_MS = 30_000;

/** An id as an entry made at this time has one. */
function idAt(time: number, n: number): string {
  const hex = time.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`;
}

async function verification(api: SpawnedApp['api']) {
  const { body } = await api.post('/auth/login', { email: ADMIN.email, password: ADMIN.password });
  const answer = await api.get('/audit-logs/verification', { token: body.data.accessToken });
  expect(answer.status).toBe(200);
  return answer.body.data;
}

describe('The list of audit entries without a link', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  const execute = (statement: string) => test.app.get(PrismaService).$executeRawUnsafe(statement);

  it('is empty soon after a change', async () => {
    await register(test.api, newAccount());
    await linkNow(test);
    // The login of the verification itself may not be linked yet.
    const { valid, unlinked, oldestUnlinked } = await verification(test.api);
    expect([valid, unlinked <= 2]).toEqual([true, true]);
    expect(unlinked === 0 ? 0 : Date.now() - Date.parse(oldestUnlinked)).toBeLessThan(10_000);
    await linkNow(test);
  });

  it.each([
    'DELETE FROM audit.unlinked',
    'UPDATE audit.unlinked SET entry_id = gen_random_uuid()',
    'TRUNCATE audit.unlinked',
  ])('refuses %s', async (statement) => {
    // In one statement, so that it is not linked in between.
    const insert = `INSERT INTO audit.unlinked VALUES ('${idAt(Date.now(), 1)}')`;
    const block = `DO $$ BEGIN ${insert}; ${statement}; END $$`;
    const refusal = await execute(block).then(
      () => 'it was done',
      (error: unknown) => String(error),
    );
    expect(refusal).toMatch(/append-only/);
  });

  it('shows for ever that an entry was removed before it had a link', async () => {
    await linkNow(test);
    const removed = idAt(Date.now(), 7);
    // What is left where a superuser removes the entry.
    await execute(`INSERT INTO audit.unlinked VALUES ('${removed}')`);
    expect(await verification(test.api)).toMatchObject({ valid: false, firstInvalidId: removed });
    await register(test.api, newAccount());
    await linkNow(test);
    expect(await verification(test.api)).toMatchObject({ valid: false, firstInvalidId: removed });
  });
});

if (onServers) {
  describe('While another session holds the lock on linking', () => {
    let stores: Stores;
    beforeAll(async () => {
      stores = await createStores();
    });
    afterEach(killPrograms);
    afterAll(() => stores.remove());

    it('the backlog is logged and reported, and after a minute the log is not valid', async () => {
      const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
      const env = { ...stores.env, ...SECRETS, ...admin };
      const app = await spawnApp(env);
      const messages = (pattern: RegExp) => app.logged().filter(({ msg }) => pattern.test(String(msg)));
      await onDatabase(stores, async (client) => {
        const { rows } = await client.query('SELECT pg_advisory_lock($1), pg_backend_pid() AS pid', [LINKING_LOCK]);
        const { user } = await register(app.api, newAccount());
        const fresh = await verification(app.api);
        expect(fresh).toMatchObject({ valid: true, firstInvalidId: null });
        expect(fresh.unlinked).toBeGreaterThanOrEqual(3);
        expect(Math.abs(Date.now() - Date.parse(fresh.oldestUnlinked))).toBeLessThan(60_000);

        const noted = /^Audit entries have waited since .*Z to be linked: the database process \d+ holds the lock$/;
        await waitUntil('the backlog is logged', async () => messages(noted).length > 0, BACKLOG_TIMEOUT_MS);
        expect(String(messages(noted)[0]?.['msg'])).toContain(` ${rows[0].pid} `);

        // As written 61 seconds ago.
        const old = idAt(Date.now() - 61_000, 3);
        await client.query(
          `WITH inserted AS (
             INSERT INTO audit.entries (id, time, action, outcome, actor_type, target_type)
             VALUES ($1, now(), 'user.updated', 'success', 'system', 'user') RETURNING id)
           INSERT INTO audit.unlinked SELECT id FROM inserted`,
          [old],
        );
        const late = await verification(app.api);
        expect(late).toMatchObject({ valid: false, firstInvalidId: old });
        expect(Date.parse(late.oldestUnlinked)).toBeLessThan(Date.now() - 60_000);
        const command = await runCommand('audit:verify', env);
        expect([command.code, command.stderr]).toEqual([1, expect.stringContaining(`${old}, since `)]);

        // An entry that is removed while it waits leaves its place in the list.
        await client.query(`SET session_replication_role = 'replica'`);
        await client.query(`DELETE FROM audit.entries WHERE target_id = $1`, [user.id]);
        expect((await verification(app.api)).firstInvalidId).not.toBe(old);
        await client.query('SELECT pg_advisory_unlock($1)', [LINKING_LOCK]);
        const linkedAgain = /^All audit entries are linked again$/;
        await waitUntil('all is linked', async () => messages(linkedAgain).length > 0);
        expect(messages(noted)).toHaveLength(1);
        expect(await verification(app.api)).toMatchObject({ valid: false, unlinked: expect.any(Number) });
      });
    });
  });
}
