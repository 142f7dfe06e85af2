import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { ADMIN, newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const KILLS = Number(process.env['AUDIT_KILLS'] ?? 2);
const WRITERS = 8;
const SEED = 20_261_124;

/** Updates the user's profile until the application is killed. */
async function writeUntilKilled(app: SpawnedApp, { token }: Session): Promise<void> {
  for (let n = 0; ; n += 1) {
    const answer = await app.api
      .patch('/users/me', { bio: `Change ${n} of ${Date.now()}` }, { token })
      .catch(() => undefined);
    if (answer === undefined) return;
    expect(answer.status).toBe(200);
  }
}

describe(`${KILLS} kills with SIGKILL under load`, () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it(
    'leave no change without an audit entry and no entry without a change, and unlinked entries are linked later',
    async () => {
      const env = {
        ...stores.env,
        ...SECRETS,
        LOG_LEVEL: 'error',
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_PASSWORD: ADMIN.password,
      };
      const random = new Random(SEED);
      let app = await spawnApp(env);
      const writers = await Promise.all(Array.from({ length: WRITERS }, () => register(app.api, newAccount())));
      for (let kill = 0; kill < KILLS; kill += 1) {
        const writing = inParallel(WRITERS, (index) => writeUntilKilled(app, writers[index] as Session));
        await sleep(100 + random.below(900));
        await app.stop('SIGKILL');
        await writing;
        app = await spawnApp(env);
      }
      await onDatabase(stores, async (client) => {
        // Each change raises the user's version by one, and the last one is what the user's profile shows.
        const { rows } = await client.query(`
          SELECT u.version - 1 AS changes, u.bio, count(e.id)::int AS entries,
            (array_agg(e.changes->'bio'->>'after' ORDER BY e.id DESC))[1] AS last
          FROM users u JOIN audit.entries e ON e.target_id = u.id::text AND e.action = 'user.updated'
          GROUP BY u.id`);
        expect(rows).toHaveLength(WRITERS);
        for (const { changes, entries, bio, last } of rows)
          expect({ entries, last }).toEqual({ entries: changes, last: bio });
        const total = rows.reduce((sum: number, { changes }) => sum + changes, 0);
        process.stderr.write(`${total} changes and as many entries over ${KILLS} kills, seed ${SEED}\n`);
        await waitUntil('everything is linked', async () => {
          const { rows: left } = await client.query('SELECT count(*)::int AS n FROM audit.unlinked');
          return left[0].n === 0;
        });
      });
      const admin = await app.api.post('/auth/login', { email: ADMIN.email, password: ADMIN.password });
      const token: string = admin.body.data.accessToken;
      for (let cursor: string | null = ''; cursor !== null;) {
        const query = cursor === '' ? '' : `?cursor=${cursor}`;
        const { body } = await app.api.get(`/audit-logs/verification${query}`, { token });
        expect(body.data).toMatchObject({ valid: true });
        cursor = body.data.nextCursor;
      }
    },
    60_000 + KILLS * 10_000,
  );
});
