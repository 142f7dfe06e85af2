import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { newAccount } from '../support/factories.js';
import { fromAnywhere, MailServer, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { eventually } from '../support/wait.js';

describe('Two instances that send mail', () => {
  let stores: Stores;
  let server: MailServer;
  let apps: SpawnedApp[];
  beforeAll(async () => {
    stores = await createStores();
    server = await MailServer.start();
    const env = { ...stores.env, ...SECRETS, MAIL_URL: server.url, TRUST_PROXY: '127.0.0.1', LOG_LEVEL: 'debug' };
    apps = [await spawnApp(env), await spawnApp(env)];
  });
  afterAll(async () => {
    await killPrograms();
    await server.stop();
    await stores.remove();
  });

  const post = (
    index: number,
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = fromAnywhere(),
  ) => (apps[index % 2] as SpawnedApp).api.post(path, body, { headers });
  const settled = () =>
    onDatabase(stores, async (database) => {
      await eventually(async () => {
        const { rows } = await database.query('SELECT count(*)::int AS waiting FROM outbox_messages');
        expect(rows).toEqual([{ waiting: 0 }]);
      }, 30_000);
    });

  it('send three mails of a kind to an account, and twenty for an address, together', async () => {
    const account = newAccount();
    expect((await post(0, '/users', account)).status).toBe(201);
    await inParallel(40, (index) => post(index, '/auth/forgot-password', { email: account.email }));
    const others = Array.from({ length: 30 }, () => newAccount());
    await inParallel(30, (index) => post(index, '/users', others[index] ?? {}, { 'x-forwarded-for': '10.5.5.5' }));
    await settled();
    const resets = server.received.filter(({ to, subject }) => to === account.email && subject === SUBJECTS.reset);
    expect(resets).toHaveLength(3);
    const emails = new Set(others.map(({ email }) => email));
    expect(server.received.filter(({ to }) => emails.has(to))).toHaveLength(20);
  });

  it('log no token and no link, not even for debugging', () => {
    const logged = apps.map(({ program }) => program.stdout + program.stderr).join('\n');
    expect(logged).toContain('"route":"/api/v1/auth/forgot-password"');
    expect(server.received.length).toBeGreaterThan(20);
    for (const { token } of server.received) expect(logged.includes(token)).toBe(false);
    expect(logged).not.toContain('token=');
  });
});
