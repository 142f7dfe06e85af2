import { Agent } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { login, register, SECRETS } from '../support/app.js';
import { type Answer, answersIn, faultOf } from '../support/contract-answers.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { malformedBytes, sendBytes } from '../support/malformed-framing.js';
import { type Actors, malformedRequest } from '../support/malformed-requests.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { sendRaw } from '../support/raw-http.js';
import { createStores, type Stores } from '../support/stores.js';

/** `npm run drill -- hostile` sends more requests. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 700);
/** A new seed for each run; set FUZZ_SEED to that of a failed run to repeat it. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** Requests before the heap is first measured, which fill caches and have code compiled. */
const WARM_UP = Math.max(1_500, REQUESTS / 20);
const AT_ONCE = 16;
/** Requests before each check that the actors are still logged in. */
const ROUND = 100;
/** Longer than every time-out of the server (ms). */
const PATIENCE_MS = 45_000;
/** The factor by which the heap may grow. */
const GROWTH = 1.2;

/** One exchange: what was sent, and what came back. */
type Exchange = (
  actors: Actors,
) => Promise<{ readonly sent: unknown; readonly method?: string; readonly answers: readonly Answer[] }>;

describe('Malformed requests', () => {
  let stores: Stores;
  let app: SpawnedApp;
  let actors: Actors;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const seen: Record<string, number> = {};
  const lines: string[] = [];
  let slowestMs = 0;
  beforeAll(async () => {
    stores = await createStores();
    const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
    app = await spawnApp({ ...stores.env, ...SECRETS, ...admin }, 'main.js', { measured: true });
    actors = { admin: await login(app.api, ADMIN), user: await register(app.api, newAccount()) };
  });
  afterAll(async () => {
    agent.destroy();
    await killPrograms();
    await stores.remove();
    process.stderr.write(`${lines.join('\n')}\n`);
  });

  const exchange: fc.Arbitrary<Exchange> = fc.oneof(
    {
      weight: 9,
      arbitrary: malformedRequest.map((make): Exchange => async (current) => {
        const sent = make(current);
        const answer = await sendRaw(app.api.origin, { ...sent, agent }).catch(unlessReset);
        return {
          sent: { ...sent, body: sent.body?.toString() },
          method: sent.method ?? 'GET',
          answers: answer ? [answer] : [],
        };
      }),
    },
    {
      weight: 1,
      arbitrary: malformedBytes.map((make): Exchange => async (current) => {
        const sent = make(current);
        return { sent, answers: answersIn(await sendBytes(app.api.origin, sent)) };
      }),
    },
  );

  /** Replaces actors whose session or account was ended by one of the requests. */
  async function renewActors(): Promise<void> {
    const { admin, user } = actors;
    const isAlive = async (token: string) => (await app.api.get('/users/me', { token })).status === 200;
    actors = {
      admin: (await isAlive(admin.token)) ? admin : await login(app.api, ADMIN),
      user: (await isAlive(user.token)) ? user : await register(app.api, newAccount()),
    };
  }

  async function check(run: Exchange): Promise<void> {
    const begun = performance.now();
    const done = await Promise.race([run(actors), sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (done === undefined) throw new Error('A request was never answered');
    slowestMs = Math.max(slowestMs, performance.now() - begun);
    const { sent, method, answers } = done;
    if (answers.length === 0) seen['none'] = (seen['none'] ?? 0) + 1;
    for (const answer of answers) {
      seen[answer.status] = (seen[answer.status] ?? 0) + 1;
      const fault = faultOf(answer, method);
      if (fault !== undefined) throw new Error(`Answered with ${fault}: ${JSON.stringify(sent)}`);
    }
  }

  async function send(count: number, seed: number): Promise<void> {
    for (let sent = 0; sent < count; sent += ROUND) {
      const left = fc.sample(exchange, { numRuns: Math.min(ROUND, count - sent), seed: seed + sent });
      await inParallel(AT_ONCE, async () => {
        for (let next = left.pop(); next !== undefined; next = left.pop()) await check(next);
      });
      await renewActors();
    }
  }

  it(
    `are answered as the contract says, without a logged error or a growing heap (FUZZ_SEED=${SEED})`,
    async () => {
      await send(WARM_UP, SEED ^ 1);
      const warm = await app.program.measure();
      const begun = performance.now();
      slowestMs = 0;
      await send(REQUESTS, SEED);
      const seconds = (performance.now() - begun) / 1_000;
      const after = await app.program.measure();
      const megabytes = [warm, after].map(({ heapUsed }) => (heapUsed / 2 ** 20).toFixed(1));
      lines.push(
        `${REQUESTS} malformed requests, seed ${SEED}, in ${seconds.toFixed(0)} s: ${JSON.stringify(seen)}`,
        `Heap ${megabytes.join(' → ')} MB; the slowest exchange took ${slowestMs.toFixed(0)} ms`,
      );
      expect(app.program.running).toBe(true);
      expect((await app.api.get('/health')).status).toBe(200);
      expect(after.heapUsed).toBeLessThan(warm.heapUsed * GROWTH);
      expect(app.logged().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
      expect(app.program.stderr).not.toMatch(/leak|unhandled/i);
      expect(seen['none'] ?? 0).toBeLessThan((WARM_UP + REQUESTS) / 50);
      // Some requests passed the guards and the validation, and some were refused by each.
      for (const status of [200, 201, 204, 400, 401, 403, 404, 405, 409, 415]) expect(seen[status]).toBeGreaterThan(0);
    },
    120_000 + REQUESTS * 20,
  );
});

/** A server that refuses a request before reading all of it may close the connection before its answer is read. */
function unlessReset(error: Error & { code?: string }): undefined {
  if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
}
