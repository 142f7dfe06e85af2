import { Agent } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, SECRETS } from '../support/app.js';
import { auc } from '../support/auc.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { fromAnywhere, MailServer, readFolder, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { sendRaw } from '../support/raw-http.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { eventually } from '../support/wait.js';

/** `npm run drill -- forgotten` measures more pairs. */
const PAIRS = Number(process.env['TIMING_PAIRS'] ?? 30);
const SEED = 20_261_127;
/** With 500 pairs, chance alone stays within 0.05 in 99 of 100 runs; with 30, a loose bound never fails by chance. */
const MAX_BIAS = PAIRS >= 500 ? 0.05 : 0.3;
/** The first requests to a process are slow, so these are not measured. */
const WARM_UP = 20;

type Kind = 'unknown' | 'verified' | 'unverified' | 'suspended';

describe('A forgotten password', () => {
  let stores: Stores;
  let server: MailServer | undefined;
  let app: SpawnedApp;
  let token: string;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const random = new Random(SEED);
  /** One for each request, as an account gets three mails an hour. */
  const emails: Record<Kind, string[]> = { unknown: [], verified: [], unverified: [], suspended: [] };
  beforeAll(
    async () => {
      stores = await createStores();
      server = onServers ? await MailServer.start() : undefined;
      const { email, username, password } = ADMIN;
      app = await spawnApp({
        ...stores.env,
        ...SECRETS,
        ...(server === undefined ? {} : { MAIL_URL: server.url }),
        ADMIN_EMAIL: email,
        ADMIN_USERNAME: username,
        ADMIN_PASSWORD: password,
        TRUST_PROXY: '127.0.0.1',
        LOG_LEVEL: 'error',
      });
      ({ token } = await login(app.api, ADMIN));
      const kinds = (['verified', 'unverified', 'suspended'] as const).flatMap((kind) =>
        Array.from({ length: kind === 'verified' ? 3 * PAIRS + WARM_UP : PAIRS }, () => kind),
      );
      await inParallel(4, async () => {
        for (let kind = kinds.pop(); kind !== undefined; kind = kinds.pop()) emails[kind].push(await create(kind));
      });
      emails.unknown = Array.from({ length: PAIRS + WARM_UP }, () => newAccount().email);
      for (let count = 0; count < WARM_UP; count += 1) {
        for (const kind of ['unknown', 'verified'] as const) await forget(kind);
      }
    },
    120_000 + PAIRS * 1_000,
  );
  afterAll(async () => {
    agent.destroy();
    await killPrograms();
    await server?.stop();
    await stores.remove();
  });

  async function create(kind: Kind): Promise<string> {
    const account = newAccount();
    const { body } = await app.api.post('/users', account, { headers: fromAnywhere() });
    const path = `/users/${body.data.user.id}`;
    if (kind === 'suspended') await app.api.put(`${path}/status`, { status: kind }, { token });
    if (kind === 'verified') await app.api.post(`${path}/email-verification`, undefined, { token });
    return account.email;
  }

  /** @returns how long (ms) it took, and how long the request after it; and the answer, but for what differs each time */
  async function forget(kind: Kind) {
    const body = JSON.stringify({ email: emails[kind].pop() });
    const headers = { 'content-type': 'application/json', ...fromAnywhere() };
    const begun = performance.now();
    const answer = await sendRaw(app.api.origin, {
      method: 'POST',
      path: '/api/v1/auth/forgot-password',
      headers,
      body,
      agent,
    });
    const answered = performance.now();
    await sendRaw(app.api.origin, {
      method: 'GET',
      path: '/api/v1/users/me',
      headers: { authorization: `Bearer ${token}` },
      body: '',
      agent,
    });
    const own = answered - begun;
    return { own, next: performance.now() - answered, seen: `${answer.status} ${answer.text}` };
  }

  const resets = async () =>
    (server?.received ?? (await readFolder(join(stores.env['DATA_DIR'] ?? '', 'mail')))).filter(
      ({ subject }) => subject === SUBJECTS.reset,
    ).length;

  it.each<Kind>(['unknown', 'unverified', 'suspended'])(
    `takes the same time for %s accounts as for verified ones, as does the next request (${PAIRS} pairs)`,
    async (kind) => {
      const times = { own: [[], []] as [number[], number[]], next: [[], []] as [number[], number[]] };
      const seen = new Set<string>();
      const before = await resets();
      for (let pair = 0; pair < PAIRS; pair += 1) {
        for (const index of random.below(2) === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
          const answered = await forget(index === 0 ? kind : 'verified');
          times.own[index].push(answered.own);
          times.next[index].push(answered.next);
          seen.add(answered.seen);
        }
      }
      const [own, next] = [auc(...times.own), auc(...times.next)];
      process.stderr.write(`${kind}: AUC ${own.toFixed(3)}, of the next request ${next.toFixed(3)} (${PAIRS} pairs)\n`);
      expect(seen.size).toBe(1);
      expect(Math.max(Math.abs(own - 0.5), Math.abs(next - 0.5))).toBeLessThanOrEqual(MAX_BIAS);
      const mailed = kind === 'unverified' ? 2 * PAIRS : PAIRS;
      await eventually(async () => expect((await resets()) - before).toBeGreaterThanOrEqual(mailed), 120_000);
    },
    120_000 + PAIRS * 1_000,
  );
});
