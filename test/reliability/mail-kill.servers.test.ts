import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { newAccount } from '../support/factories.js';
import { MailServer, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { createStores, type Stores } from '../support/stores.js';
import { eventually } from '../support/wait.js';

/** `npm run drill -- mail` has more. */
const KILLS = Number(process.env['MAIL_KILLS'] ?? 2);
const REQUESTS = KILLS * 10;
const CLIENTS = 4;
const SEED = 20_261_127;
/** A request takes this long (ms) at most, whatever the mail server does. */
const PATIENCE_MS = 2_000;

describe('Two instances and a mail server that comes and goes', () => {
  let stores: Stores;
  let server: MailServer;
  let env: Record<string, string>;
  beforeAll(async () => {
    stores = await createStores();
    server = await MailServer.start();
    env = { ...stores.env, ...SECRETS, LOG_LEVEL: 'fatal', MAIL_URL: server.url, TRUST_PROXY: '127.0.0.1' };
  });
  afterAll(async () => {
    await killPrograms();
    await server.stop();
    await stores.remove();
  });

  it(
    `send the mail of each request that was answered at least once over ${KILLS} kills, and none of one that was rolled back`,
    async () => {
      const random = new Random(SEED);
      const apps: SpawnedApp[] = [await spawnApp(env), await spawnApp(env)];
      const [taken] = await registered(apps[0] as SpawnedApp);
      const over = new AbortController();
      const flapping = (async () => {
        while (!over.signal.aborted) {
          await sleep(300 + random.below(700));
          await server.stop();
          await sleep(300 + random.below(700));
          await server.resume();
        }
      })();

      const promised: { readonly email: string; readonly subject: string }[] = [];
      const rolledBack = new Set<string>();
      const waits: number[] = [];
      let sent = 0;
      const sending = inParallel(CLIENTS, async () => {
        while (sent < REQUESTS) {
          sent += 1;
          const { api } = apps[random.below(2)] as SpawnedApp;
          const headers = { 'x-forwarded-for': `10.3.${sent >> 8}.${sent & 255}` };
          const conflict = random.below(5) === 0;
          const account = newAccount(conflict ? { username: taken ?? '' } : {});
          const start = performance.now();
          const answer = await api.post('/users', account, { headers }).catch(() => undefined);
          if (answer === undefined) {
            await sleep(50);
            continue;
          }
          waits.push(performance.now() - start);
          expect([201, 409]).toContain(answer.status);
          if (answer.status === 409) {
            rolledBack.add(account.email);
            continue;
          }
          promised.push({ email: account.email, subject: SUBJECTS.verification });
          const forgotten = await api
            .post('/auth/forgot-password', { email: account.email }, { headers })
            .catch(() => undefined);
          if (forgotten?.status === 202) promised.push({ email: account.email, subject: SUBJECTS.reset });
        }
      });
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(50 + random.below(450));
        const victim = random.below(2);
        await apps[victim]?.stop('SIGKILL');
        apps[victim] = await spawnApp(env);
      }
      await sending;
      over.abort();
      await flapping;

      // Messages that failed a few times wait for their next attempt: bring it forward.
      await onDatabase(stores, async (client) => {
        await eventually(async () => {
          await client.query('UPDATE outbox_messages SET next_attempt_at = now() WHERE next_attempt_at > now()');
          const { rows } = await client.query('SELECT count(*)::int AS waiting FROM outbox_messages');
          expect(rows).toEqual([{ waiting: 0 }]);
        }, 120_000);
      });
      const arrived = new Set(server.received.map(({ to, subject }) => `${to} ${subject}`));
      expect(promised.filter(({ email, subject }) => !arrived.has(`${email} ${subject}`))).toEqual([]);
      expect(server.received.filter(({ to }) => rolledBack.has(to))).toEqual([]);
      expect(Math.max(...waits)).toBeLessThan(PATIENCE_MS);
      process.stderr.write(
        `${promised.length} mails promised, ${server.received.length} arrived, ${rolledBack.size} requests rolled back, ` +
          `${KILLS} kills, slowest answer ${Math.max(...waits).toFixed(0)} ms, seed ${SEED}\n`,
      );
    },
    180_000 + KILLS * 10_000,
  );
});

/** Registers an account. @returns its username */
async function registered({ api }: SpawnedApp): Promise<string[]> {
  const account = newAccount();
  const { status } = await api.post('/users', account);
  expect(status).toBe(201);
  return [account.username];
}
