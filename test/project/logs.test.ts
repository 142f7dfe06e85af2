import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, SECRETS } from '../support/app.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { TIMESTAMP, UUID } from '../support/shapes.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

async function lineOf(app: SpawnedApp, requestId: string | null): Promise<Record<string, unknown>[]> {
  const find = () => app.logged().filter((line) => line['requestId'] === requestId);
  await waitUntil('the request is logged', async () => find().length > 0);
  return find();
}

describe('The log', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  const start = (overrides: Record<string, string>) =>
    spawnApp({
      ...stores.env,
      ...SECRETS,
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
      ...overrides,
    });

  it('has one line of JSON for each request: its method, route, status, time, duration, user and missing permission', async () => {
    const app = await start({ LOG_FORMAT: 'json' });
    const session = await register(app.api, newAccount());
    const { token } = session;
    const expected = [
      { method: 'GET', route: '/api/v1/users/:id', status: 200, userId: session.user.id, path: '/users/me' },
      {
        method: 'GET',
        route: '/api/v1/users',
        status: 403,
        userId: session.user.id,
        path: '/users',
        denied: 'users:read',
      },
      { method: 'PATCH', route: '/api/v1/users/:id', status: 400, userId: session.user.id, path: '/users/me' },
      { method: 'POST', route: '/api/v1/auth/login', status: 400, userId: null, path: '/auth/login' },
      { method: 'PUT', route: '/api/v1/users', status: 405, userId: null, path: '/users' },
      { method: 'GET', route: null, status: 404, userId: null, path: '/nowhere/secret-path?secret=query' },
      { method: 'HEAD', route: '/api/v1/health', status: 200, userId: null, path: '/health' },
    ];
    for (const { path, ...line } of expected) {
      const { headers } = await app.api.send(line.method, path, { token });
      expect(await lineOf(app, headers.get('x-request-id'))).toEqual([
        {
          ...line,
          level: 'info',
          time: expect.stringMatching(TIMESTAMP),
          requestId: expect.stringMatching(UUID),
          durationMs: expect.any(Number),
          msg: 'request',
        },
      ]);
    }
    expect(app.program.stdout).not.toMatch(/secret-path|secret=query/);
    expect(app.program.stderr).toBe('');
  });

  it.each(['trace', 'info'])('never contains a password or a token, at LOG_LEVEL=%s', async (level) => {
    const app = await start({ LOG_FORMAT: 'json', LOG_LEVEL: level });
    const account = newAccount({ password: 'Canary-in-a-mine-4!' });
    const { token, refreshToken } = await register(app.api, account);
    const canaries = ['Canary-in-a-mine-4!', 'Canary-of-yore-5!', token, refreshToken, ADMIN.password];
    for (const canary of canaries) {
      const inHeaders = {
        authorization: `Bearer ${canary}`,
        cookie: `device=${canary}`,
        'x-device-token': canary,
        'x-request-id': `${canary} `.repeat(2),
        'user-agent': canary,
        'if-match': canary,
        'idempotency-key': canary,
      };
      const path = encodeURIComponent(canary);
      await app.api.post('/users', { username: canary, email: canary, password: canary, firstName: canary });
      await app.api.post('/users', { ...newAccount(), password: canary, [canary]: canary });
      await app.api.post('/auth/login', { email: canary, password: canary });
      await app.api.post('/auth/login', { username: canary, password: canary });
      await app.api.post('/auth/login', { email: account.email, password: `${canary}x` });
      await app.api.post('/auth/refresh', { refreshToken: `${canary}x` });
      await app.api.post('/auth/refresh', undefined, { raw: `{"refreshToken":"${canary}` });
      await app.api.get(`/users/${path}?${path}=${path}`, { headers: inHeaders });
      await app.api.get(`/users?search=${path}`, { token });
      await app.api.get(`/${path}`, { token });
      await app.api.patch('/users/me', { email: 'x@example.com', currentPassword: canary, bio: canary }, { token });
    }
    const passwords = { currentPassword: account.password, newPassword: 'Canary-of-yore-5!' };
    expect((await app.api.put('/users/me/password', passwords, { token })).status).toBe(200);
    expect((await app.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
    const last = await app.api.get('/health/live');
    await lineOf(app, last.headers.get('x-request-id'));
    const { stdout, stderr } = await app.stop();
    expect(stdout.length).toBeGreaterThan(1_000);
    for (const canary of canaries) expect(stdout + stderr).not.toContain(canary);
    expect(stdout + stderr).not.toMatch(/argon2id|eyJ/);
  });

  it('omits requests at LOG_LEVEL=error', async () => {
    const app = await start({ LOG_FORMAT: 'json', LOG_LEVEL: 'error' });
    await login(app.api, ADMIN);
    await app.api.get('/users/me');
    await app.api.get('/nowhere');
    const { stdout, stderr } = await app.stop();
    expect(stdout).not.toMatch(/"level"|request/);
    expect(stderr).toBe('');
  });

  it('is readable by people with LOG_FORMAT=pretty', async () => {
    const app = await start({ LOG_FORMAT: 'pretty' });
    await login(app.api, ADMIN);
    const readable =
      /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: request \{.*"method":"POST","route":"\/api\/v1\/auth\/login","status":200/m;
    await waitUntil('the login is logged', async () => readable.test(app.program.stdout));
    expect(app.logged()).toEqual([]);
  });
});
