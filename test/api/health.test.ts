import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { failure, TIMESTAMP } from '../support/shapes.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

const service = (status: unknown) => ({ status, latencyMs: expect.any(Number) });
const report = (status: string, services: { database: string; cache: unknown }) => ({
  status,
  version: 'v1',
  release: expect.stringMatching(/^\d+\.\d+\.\d+/),
  timestamp: expect.stringMatching(TIMESTAMP),
  uptime: expect.any(Number),
  services: { database: service(services.database), cache: service(services.cache) },
});

describe('Health', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('reports the service and its stores, without an envelope, to any client', async () => {
    const { status, body } = await test.api.get('/health');
    expect(status).toBe(200);
    expect(body).toEqual(report('healthy', { database: 'healthy', cache: 'healthy' }));
    expect(Number.isInteger(body.uptime) && body.uptime >= 0).toBe(true);
    expect(body.services.database.latencyMs).toBeGreaterThanOrEqual(0);
  });

  it.each(['/health/live', '/health/ready'])('says ok on %s, without an envelope, to any client', async (path) => {
    const { status, headers, body } = await test.api.get(path);
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok' } });
    expect(headers.get('retry-after')).toBeNull();
  });

  it.each(['/health', '/health/live', '/health/ready'])('ignores a token on %s', async (path) => {
    expect((await test.api.get(path, { token: 'no-token' })).status).toBe(200);
  });

  it('names the configured version of the API', async () => {
    const other = await startApp({ API_VERSION: 'v2' });
    const answer = await fetch(`${other.api.origin}/api/v2/health`);
    expect(await answer.json()).toMatchObject({ version: 'v2' });
    await other.close();
  });
});

if (onServers) {
  describe('The service without a store', () => {
    let stores: Stores;
    let postgres: TcpProxy;
    let redis: TcpProxy;
    let test: TestApp;
    beforeAll(async () => {
      stores = await createStores();
      postgres = await TcpProxy.to(stores.env['DATABASE_URL'] ?? '');
      redis = await TcpProxy.to(stores.env['REDIS_URL'] ?? '');
      test = await startApp({ DATABASE_URL: postgres.url, REDIS_URL: redis.url }, stores);
    });
    afterAll(async () => {
      await test.close();
      await Promise.all([postgres.cut(), redis.cut()]);
      await stores.remove();
    });

    const healthIs = (status: string) =>
      waitUntil(`the service is ${status}`, async () => (await test.api.get('/health')).body.status === status);

    it('is degraded but ready without Redis', async () => {
      await redis.cut();
      const { status, headers, body } = await test.api.get('/health');
      expect(status).toBe(200);
      expect(headers.get('retry-after')).toBeNull();
      expect(body).toEqual(report('degraded', { database: 'healthy', cache: 'unhealthy' }));
      expect((await test.api.get('/health/ready')).status).toBe(200);
      await redis.restore();
      await healthIs('healthy');
    });

    it('serves every request without Redis, and ends sessions at once', async () => {
      const account = newAccount();
      const early = await register(test.api, account);
      const kept = await login(test.api, account);
      const me = async (token: string) => (await test.api.get('/users/me', { token })).status;
      expect(await Promise.all([me(early.token), me(kept.token)])).toEqual([200, 200]);

      await redis.cut();
      const late = await login(test.api, account);
      expect(await Promise.all([me(early.token), me(late.token)])).toEqual([200, 200]);
      expect((await test.api.post('/auth/refresh', { refreshToken: late.refreshToken })).status).toBe(200);
      expect((await test.api.patch('/users/me', { bio: 'Offline.' }, { token: late.token })).status).toBe(200);
      expect((await test.api.get('/users/me', { token: late.token })).body.data.user.bio).toBe('Offline.');
      expect((await test.api.post('/auth/logout', undefined, { token: early.token })).status).toBe(204);
      expect(await Promise.all([me(early.token), me(late.token)])).toEqual([401, 200]);

      await redis.restore();
      await healthIs('healthy');
      expect(await Promise.all([me(early.token), me(kept.token), me(late.token)])).toEqual([401, 200, 200]);
      expect((await test.api.get('/users/me', { token: kept.token })).body.data.user.bio).toBe('Offline.');
    });

    it('is unhealthy without PostgreSQL, sends Retry-After, and recovers', async () => {
      const account = newAccount();
      const { token, refreshToken } = await register(test.api, account);
      await postgres.cut();

      const health = await test.api.get('/health');
      expect(health.status).toBe(503);
      expect(health.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      // Without the database, nothing cached is believed for longer than half a second.
      expect(health.body).toEqual(report('unhealthy', { database: 'unhealthy', cache: expect.any(String) }));
      const ready = await test.api.get('/health/ready');
      expect({ status: ready.status, body: ready.body }).toEqual({ status: 503, body: { status: 'unavailable' } });
      expect(ready.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect((await test.api.get('/health/live')).status).toBe(200);

      for (const answer of [
        await test.api.post('/users', newAccount()),
        await test.api.post('/auth/login', { email: account.email, password: account.password }),
        await test.api.post('/auth/refresh', { refreshToken }),
        await test.api.get('/users/me', { token }),
        await test.api.patch('/users/me', { bio: 'x' }, { token }),
        await test.api.delete('/users/me', { token }),
      ]) {
        expect({ status: answer.status, body: answer.body }).toEqual({
          status: 503,
          body: failure('SERVICE_UNAVAILABLE'),
        });
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        expect(answer.text).not.toMatch(/prisma|postgres|connect|ECONN/i);
      }
      expect((await test.api.get('/users/me', { token: 'no-token' })).status).toBe(401);

      await postgres.restore();
      await healthIs('healthy');
      expect((await test.api.get('/health/ready')).status).toBe(200);
      expect((await test.api.patch('/users/me', { bio: 'Back.' }, { token })).status).toBe(200);
    });
  });
}
