import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { newAccount, type Session } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** `npm run drill -- writes` makes more rounds. */
const ROUNDS = Number(process.env['IDEMPOTENCY_KILLS'] ?? 2);
const CLIENTS = 6;
/** Updates of each client that are answered before the kill. */
const UPDATES = 3;

interface Update {
  readonly session: Session;
  readonly key: string;
  readonly bio: string;
}

const send = (app: SpawnedApp, { session, key, bio }: Update) =>
  app.api.patch('/users/me', { bio }, { token: session.token, headers: { 'idempotency-key': key } });

/** How often the audit log says that it was done. */
async function timesDone(app: SpawnedApp, { session, bio }: Update): Promise<number> {
  const { body } = await app.api.get('/users/me/audit-logs?limit=100', { token: session.token });
  const entries: { changes: { bio?: { after: string } } | null }[] = body.data.auditLogs;
  return entries.filter(({ changes }) => changes?.bio?.after === bio).length;
}

/** @returns the update whose answer the kill has cut off, and how many were answered */
async function updateUntilKilled(app: SpawnedApp, session: Session, answered: Update[]): Promise<Update> {
  for (;;) {
    const update = { session, key: randomUUID(), bio: randomUUID() };
    const answer = await send(app, update).catch(() => undefined);
    if (answer === undefined) return update;
    expect(answer.status).toBe(200);
    answered.push(update);
  }
}

describe('kill -9 during requests with an Idempotency-Key', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it(
    `a retry finds its update done once, with the stored answer, or not begun (${ROUNDS} rounds)`,
    async () => {
      const env = { ...stores.env, ...SECRETS, LOG_LEVEL: 'error' };
      let app = await spawnApp(env);
      for (let round = 0; round < ROUNDS; round += 1) {
        const sessions = await Promise.all(Array.from({ length: CLIENTS }, () => register(app.api, newAccount())));
        const answered: Update[] = [];
        const clients = sessions.map((session) => updateUntilKilled(app, session, answered));
        await waitUntil('updates are answered', async () => answered.length >= CLIENTS * UPDATES);
        await app.stop('SIGKILL');
        const cut = await Promise.all(clients);
        app = await spawnApp(env);
        for (const update of cut) {
          const first = await send(app, update);
          const done = first.status === 200;
          // Where the process died before the change, the key is free again after half a minute.
          expect(first.status).toBe(done ? 200 : 409);
          expect(await timesDone(app, update)).toBe(done ? 1 : 0);
          if (!onServers) continue;
          await onDatabase(stores, (client) =>
            client.query(`UPDATE idempotent_answers SET claimed_at = claimed_at - interval '30 seconds'`),
          );
          const second = await send(app, update);
          expect(second.body.data.user.bio).toBe(update.bio);
          expect(second.headers.get('idempotency-replayed')).toBe(done ? 'true' : null);
          expect(await timesDone(app, update)).toBe(1);
        }
        for (const update of answered.slice(-CLIENTS)) {
          expect((await send(app, update)).headers.get('idempotency-replayed')).toBe('true');
          expect(await timesDone(app, update)).toBe(1);
        }
      }
    },
    60_000 + ROUNDS * 60_000,
  );
});
