import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { expectFailure } from '../support/answers.js';
import { login, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer, ApiClient } from '../support/client.js';
import { expectHealth, expectUnavailable, reads, recovery, writes } from '../support/database-faults.js';
import { onDatabase } from '../support/databases.js';
import { ADMIN, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { FULL_DEVICE, PostgresServer } from '../support/postgres-server.js';
import { killPrograms, runCommand, spawnApp, type SpawnedApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

const ADMIN_VARIABLES = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
/** What a client is promised, in milliseconds. */
const PROMPT_MS = 1_000;
/** The same for requests in the hash line, which share the processor with two hashes of half a second. */
const LINE_MS = 4_000;
/** After this long (ms) without a refusal, a full disk is taken to have room again. */
const QUIET_MS = 30_000;

/** Expects a 503 from each, by the server's own clock: a busy test reads some of them late. */
async function expectPrompt(app: SpawnedApp, requests: readonly Promise<ApiAnswer>[]): Promise<void> {
  for (const answer of await Promise.all(requests)) {
    expectUnavailable(answer);
    const line = () => app.logged().find(({ msg, requestId }) => msg === 'request' && requestId === idOf(answer));
    await waitUntil('the request is logged', async () => line() !== undefined);
    expect(Number(line()?.['durationMs'])).toBeLessThan(PROMPT_MS);
  }
}

const idOf = ({ headers }: ApiAnswer) => headers.get('x-request-id');

/** As `reads`, without those that the cache may answer. */
const uncachedReads = (api: ApiClient, token: string) =>
  ['/users', '/users?search=person', '/users/me/sessions', '/audit-logs'].map((path) => api.get(path, { token }));

/** Tries again: the proxy shares the event loop of the test, which is busy at first, and so seems silent to the server. */
async function settled<T>(work: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  await waitUntil('the service answers', async () => {
    result = await work().catch(() => undefined);
    return result !== undefined;
  });
  if (result === undefined) throw new Error('There is no result');
  return result;
}

describe('While PostgreSQL accepts connections and answers nothing', () => {
  let stores: Stores;
  let proxy: TcpProxy;
  afterEach(async () => {
    await killPrograms();
    await proxy.cut();
    await stores.remove();
  });

  async function start(env: Readonly<Record<string, string>>): Promise<SpawnedApp> {
    stores = await createStores();
    proxy = await TcpProxy.to(stores.env['DATABASE_URL'] ?? '');
    return spawnApp({ ...stores.env, ...SECRETS, ...ADMIN_VARIABLES, ...env, DATABASE_URL: proxy.url });
  }

  it('every request gets 503 within a second, those that wait for a connection too, and health tells', async () => {
    const app = await start({ DB_POOL_MAX: '2' });
    const { api } = app;
    const admin = await settled(() => login(api, ADMIN));
    const ada = await settled(() => register(api, newAccount()));
    await Promise.all(reads(api, admin.token));
    await recovery(api);
    const told = () => app.logged().filter(({ context }) => context === 'Database');
    const before = told().length;
    proxy.swallow();
    const first = [...uncachedReads(api, admin.token), ...writes(api, ada), ...uncachedReads(api, ada.token)];
    await expectPrompt(app, first);
    await expectHealth(api, 503);
    await expectPrompt(app, [...uncachedReads(api, admin.token), ...writes(api, ada)]);

    await proxy.cut();
    await proxy.restore();
    await recovery(api);
    for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);
    await expectHealth(api, 200);
    const lines = told().slice(before);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'The database does not work: it does not answer (silent)',
      'The database works again',
    ]);
  });

  it('logins that wait in line for a hash get it too', async () => {
    // All hashes, one after the other, take 10 s or more.
    const slow = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '24', UV_THREADPOOL_SIZE: '2' };
    const { api } = await start(slow);
    const logins = inParallel(40, () =>
      api.post('/auth/login', { email: ADMIN.email, password: PASSWORD }).then((answer) => ({
        ...answer,
        at: performance.now(),
      })),
    );
    // Some may be done, and the others wait.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const begun = performance.now();
    proxy.swallow();
    const late = (await logins).filter(({ status }) => status !== 401);
    expect(late.length).toBeGreaterThan(10);
    for (const answer of late) expectUnavailable(answer);
    // Two had a place, and finish their hashes first, one after the other.
    const times = late.map(({ at }) => at - begun).toSorted((a, b) => a - b);
    expect(times.at(-4)).toBeLessThan(LINE_MS);
  });
});

describe('A statement that is merely slow', () => {
  it('is waited for, beside others that are answered', async () => {
    const test = await startApp();
    const { token } = await test.admin();
    await onDatabase(test.stores, async (client) => {
      await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const waiting = test.api.get('/users', { token });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect((await test.api.get('/health/ready')).status).toBe(200);
      await client.query('ROLLBACK');
      expect((await waiting).status).toBe(200);
    });
    await test.close();
  });
});

describe('While PostgreSQL takes no writes', () => {
  let stores: Stores;
  let test: TestApp;
  beforeAll(async () => {
    stores = await createStores();
    test = await startApp({}, stores);
  });
  afterAll(async () => {
    await test.close();
    await stores.remove();
  });

  /** Imitates a failover to a standby: sets whether new connections are read-only, and closes the existing ones. */
  const setReadOnly = (value: 'on' | 'off') =>
    onDatabase(stores, async (client) => {
      await client.query('SET default_transaction_read_only TO off');
      await client.query(`ALTER DATABASE ${client.database} SET default_transaction_read_only TO ${value}`);
      if (value === 'on') {
        await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      }
    });

  it('reads are answered, requests that write get 503, and health tells; afterwards all is as before', async () => {
    const { api } = test;
    const admin = await test.admin();
    const ada = await register(api, newAccount());
    await setReadOnly('on');
    await waitUntil('health tells', async () => (await api.get('/health')).status === 503);
    await expectHealth(api, 503);
    for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);
    for (const answer of await Promise.all(writes(api, ada))) expectUnavailable(answer);
    expectFailure(await api.get('/users/me', { token: 'no-token' }), { status: 401, code: 'UNAUTHORIZED' });
    await expectHealth(api, 503);

    await setReadOnly('off');
    await recovery(api);
    for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);
    expect((await api.patch('/users/me', { bio: 'Back.' }, { token: ada.token })).status).toBe(200);
    expect((await api.post('/auth/refresh', { refreshToken: ada.refreshToken })).status).toBe(200);
  });
});

if (existsSync(FULL_DEVICE)) {
  describe('While the disk of PostgreSQL is full', () => {
    let server: PostgresServer;
    let test: TestApp;
    beforeAll(async () => {
      server = await PostgresServer.start();
      await server.query('postgres', 'CREATE DATABASE users');
      const env = { DATABASE_URL: server.url('users'), REDIS_URL: 'memory:' };
      await runCommand('migrate', env);
      await server.putOnFullDisk('users', 'one_time_tokens');
      test = await startApp(env);
    });
    afterAll(async () => {
      jest.restoreAllMocks();
      await test.close();
      await server.stop();
    });

    it('requests that need room get 503, reads are answered, and health tells until none was refused for a while', async () => {
      const { api } = test;
      const admin = await test.admin();
      const ada = await register(api, newAccount());
      const issue = () => api.post(`/users/${ada.user.id}/password-reset`, undefined, { token: admin.token });
      for (let n = 0; n < 2; n += 1) expectUnavailable(await issue());
      await expectHealth(api, 503);
      for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);

      // The table gets a new file.
      await server.query('users', 'TRUNCATE one_time_tokens');
      expect((await issue()).status).toBe(201);
      await expectHealth(api, 503);
      const now = performance.now.bind(performance);
      jest.spyOn(performance, 'now').mockImplementation(() => now() + QUIET_MS);
      await recovery(api);
      await expectHealth(api, 200);
    });
  });
}

describe('A PostgreSQL role that loses', () => {
  let server: PostgresServer;
  let app: SpawnedApp;
  let admin: Session;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query('postgres', `CREATE ROLE app LOGIN PASSWORD 'first'`, 'CREATE DATABASE users');
    const env = {
      ...SECRETS,
      ...ADMIN_VARIABLES,
      DATABASE_URL: server.url('users', { user: 'app', password: 'first' }),
      MIGRATION_DATABASE_URL: server.url('users'),
      REDIS_URL: 'memory:',
      // Each request of the tests below needs a new connection.
      DB_POOL_MIN: '0',
    };
    await runCommand('migrate', env);
    app = await spawnApp(env);
    admin = await login(app.api, ADMIN);
  });
  afterAll(async () => {
    await killPrograms();
    await server.stop();
  });

  const lost = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`;
  it.each<[string, string[], string[], RegExp]>([
    [
      'its password',
      [`ALTER ROLE app PASSWORD 'second'`, lost],
      [`ALTER ROLE app PASSWORD 'first'`],
      /password authentication failed for user "app" \(28P01\)$/,
    ],
    ['its login', ['ALTER ROLE app NOLOGIN', lost], ['ALTER ROLE app LOGIN'], /\(28000\)$/],
    [
      'a grant on a table',
      ['REVOKE SELECT ON users FROM app'],
      ['GRANT SELECT ON users TO app'],
      /permission denied for table users \(42501\)$/,
    ],
    [
      'a grant on a function',
      ['REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM app, public'],
      ['GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO app'],
      /permission denied for function \w+ \(42501\)$/,
    ],
    [
      'the database',
      ['REVOKE CONNECT ON DATABASE users FROM app, public', lost],
      ['GRANT CONNECT ON DATABASE users TO app'],
      /permission denied for database "users" \(42501\)$/,
    ],
  ])(
    '%s gets 503, is not ready, and logs one line when it begins and one when it ends',
    async (_, take, give, line) => {
      const { api } = app;
      const lines = () => app.logged().filter(({ level }) => level === 'error' || level === 'info');
      const before = lines().length;
      const request = async () => {
        const list = api.get('/users', { token: admin.token });
        const attempt = api.post('/auth/login', { email: ADMIN.email, password: ADMIN.password });
        return [await list, await attempt];
      };
      await server.query('users', ...take);
      await waitUntil('it is not ready', async () => {
        await request();
        return (await api.get('/health/ready')).status === 503;
      });
      for (let round = 0; round < 5; round += 1) expect((await request()).map(({ status }) => status)).toContain(503);
      await expectHealth(api, 503);
      await server.query('users', ...give);
      await recovery(api);
      expect((await request()).map(({ status }) => status)).toEqual([200, 200]);
      const told = lines()
        .slice(before)
        .filter(({ context }) => context === 'Database' || context === 'Errors')
        .map(({ msg }) => msg);
      expect(told).toEqual([expect.stringMatching(line), 'The database works again']);
    },
  );
});
