import { Agent } from 'node:http';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, SECRETS } from '../support/app.js';
import { auc } from '../support/auc.js';
import { ADMIN, newAccount, OTHER_PASSWORD } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { type RawAnswer, sendRaw } from '../support/raw-http.js';
import { createStores, type Stores } from '../support/stores.js';

/** `npm run drill -- guessing` measures more pairs. */
const PAIRS = Number(process.env['TIMING_PAIRS'] ?? 30);
const SEED = Number(process.env['TIMING_SEED'] ?? 20_261_124);
/** With 500 pairs, chance alone stays within 0.05 in 99 of 100 runs; with 40, a loose bound never fails by chance. */
const MAX_BIAS = PAIRS >= 500 ? 0.05 : 0.3;
const ACCOUNTS_OF_A_KIND = 8;
/** The first requests to a process are slow, so these are not measured. */
const WARM_UP = 20;
/** Headers that differ between any two answers. */
const VARYING_HEADERS = new Set(['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset']);

type Kind = 'unknown' | 'active' | 'suspended';

describe('A wrong password', () => {
  let stores: Stores;
  let app: SpawnedApp;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const random = new Random(SEED);
  const emails: Record<Kind, string[]> = { unknown: [], active: [], suspended: [] };
  beforeAll(async () => {
    stores = await createStores();
    const { email, username, password } = ADMIN;
    app = await spawnApp({
      ...stores.env,
      ...SECRETS,
      ADMIN_EMAIL: email,
      ADMIN_USERNAME: username,
      ADMIN_PASSWORD: password,
      ARGON2_MEMORY_KIB: '19456',
      ARGON2_TIME_COST: '2',
    });
    const { token } = await login(app.api, ADMIN);
    for (let count = 0; count < ACCOUNTS_OF_A_KIND; count += 1) {
      for (const kind of ['unknown', 'active', 'suspended'] as const) {
        const account = newAccount();
        emails[kind].push(account.email);
        if (kind === 'unknown') continue;
        const { body } = await app.api.post('/users', account);
        const { status } = await app.api.put(`/users/${body.data.user.id}/status`, { status: kind }, { token });
        if (status !== 200) throw new Error(`The change to ${kind} was answered ${status}`);
      }
    }
    for (let count = 0; count < WARM_UP; count += 1) await tryLogin('active');
  });
  afterAll(async () => {
    agent.destroy();
    await killPrograms();
    await stores.remove();
  });

  async function tryLogin(kind: Kind) {
    const email = emails[kind][random.below(ACCOUNTS_OF_A_KIND)];
    const body = JSON.stringify({ email, password: OTHER_PASSWORD });
    const headers = { 'content-type': 'application/json' };
    const begun = performance.now();
    const answer = await sendRaw(app.api.origin, { method: 'POST', path: '/api/v1/auth/login', headers, body, agent });
    return { ms: performance.now() - begun, seen: whatIsSeen(answer) };
  }

  it.each<[Kind, Kind]>([
    ['unknown', 'active'],
    ['suspended', 'active'],
  ])(
    `gets the same answer in the same time for %s accounts as for %s ones (${PAIRS} pairs)`,
    async (one, other) => {
      const times: Record<Kind, number[]> = { unknown: [], active: [], suspended: [] };
      const seen = new Set<string>();
      for (let pair = 0; pair < PAIRS; pair += 1) {
        for (const kind of random.below(2) === 0 ? [one, other] : [other, one]) {
          const answered = await tryLogin(kind);
          times[kind].push(answered.ms);
          seen.add(answered.seen);
        }
      }
      const likelihood = auc(times[one], times[other]);
      const [first, second] = [one, other].map((kind) => `${kind} ${median(times[kind]).toFixed(2)} ms`);
      process.stderr.write(`${first}, ${second}, AUC ${likelihood.toFixed(3)} (${PAIRS} pairs, seed ${SEED})\n`);
      expect([...seen]).toEqual([expect.stringContaining('Invalid credentials')]);
      expect(Math.abs(likelihood - 0.5)).toBeLessThanOrEqual(MAX_BIAS);
    },
    60_000 + PAIRS * 500,
  );
});

/** All that a client sees of an answer, except what differs each time. */
function whatIsSeen({ status, headers, text, body }: RawAnswer): string {
  const shown = Object.entries(headers).map(([name, value]) => [name, VARYING_HEADERS.has(name) ? '' : value]);
  const bytes = text.replace(body.error.timestamp, '').replace(body.error.requestId, '');
  return JSON.stringify([status, shown, bytes]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
