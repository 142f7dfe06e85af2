import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { type Account, newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** For a longer drill: KILL_ROUNDS=100 npm test -- kill */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 1);
const CLIENTS = 4;
/** Registrations that are acknowledged in each round before the kill. */
const ROUND_USERS = 40;

/** Registers one account after another until the application is killed; records those that were answered 201. */
async function registerUntilKilled(app: SpawnedApp, acknowledged: Account[]): Promise<void> {
  for (;;) {
    const account = newAccount();
    const answer = await app.api.post('/users', account).catch(() => undefined);
    if (answer === undefined) return;
    expect(answer.status).toBe(201);
    acknowledged.push(account);
  }
}

describe('kill -9', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it(
    `loses no user whose registration was acknowledged (${ROUNDS} rounds)`,
    async () => {
      const env = { ...stores.env, ...SECRETS, LOG_LEVEL: 'error' };
      const acknowledged: Account[] = [];
      let app = await spawnApp(env);
      for (let round = 0; round < ROUNDS; round += 1) {
        const survivors: Account[] = [];
        const clients = inParallel(CLIENTS, () => registerUntilKilled(app, survivors));
        await waitUntil('users are acknowledged', async () => survivors.length >= ROUND_USERS);
        await app.stop('SIGKILL');
        await clients;
        acknowledged.push(...survivors);
        app = await spawnApp(env);
        const logins = survivors.map(async ({ email, password }) => app.api.post('/auth/login', { email, password }));
        const statuses = (await Promise.all(logins)).map(({ status }) => status);
        expect(statuses.filter((status) => status !== 200)).toEqual([]);
      }
      for (const account of acknowledged) {
        const { status, body } = await app.api.post('/users', account);
        expect({ account, status, message: body.error?.message }).toEqual({
          account,
          status: 409,
          message: 'Email already exists',
        });
      }
    },
    60_000 + ROUNDS * 60_000,
  );
});
