import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { login, startApp, type TestApp } from '../support/app.js';
import type { ApiRequest } from '../support/client.js';
import { ADMIN, newRoleName, type Session } from '../support/factories.js';
import { asSent, ofAllowed, type DescribedRoute, ROUTES } from '../support/routes.js';
import { createStores, onServers, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** The routes whose description declares this status, as rows of a table of tests. */
function declaring(status: number) {
  return ROUTES.filter(({ statuses }) => statuses.includes(status)).map((route) => [route.operationId, route] as const);
}

/** The path with names and ids that nothing has. */
function pathOf({ path }: DescribedRoute): string {
  return asSent(path)
    .replace('{name}', newRoleName())
    .replaceAll(/\{\w+\}/g, () => randomUUID());
}

/** The statuses of answers that are kept for an `Idempotency-Key`. */
const KEPT = [200, 201, 202, 204, 404, 409, 412];

// Every exchange of the test client is compared with the description: what a test of these expects is only the status.
describe('An answer that the description declares', () => {
  let test: TestApp;
  let token: string;
  beforeAll(async () => {
    test = await startApp();
    ({ token } = await login(test.api, ADMIN));
  });
  afterAll(() => test.close());

  const send = (route: DescribedRoute, request: ApiRequest, path = pathOf(route)) =>
    test.api.send(route.method, path, route.public ? request : { token, ...request });

  it.each(declaring(400))('400: an unknown parameter of %s', async (_id, route) => {
    const path = asSent(ofAllowed(route.path, randomUUID()));
    expect((await send(route, { body: route.body?.() }, `${path}?unknown=1`)).status).toBe(400);
  });

  it.each(declaring(413))('413: a large body for %s', async (_id, route) => {
    expect((await send(route, { body: { text: 'x'.repeat(70_000) } })).status).toBe(413);
  });

  it.each(declaring(415))('415: a text for %s', async (_id, route) => {
    expect((await send(route, { raw: 'text', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });

  describe('with an Idempotency-Key', () => {
    it.each(declaring(422))('422: the key of another request for %s', async (_id, route) => {
      const headers = { 'idempotency-key': randomUUID() };
      expect(KEPT).toContain((await send(route, { body: route.body?.(), headers })).status);
      expect((await send(route, { body: route.body?.(), headers })).status).toBe(422);
    });

    it.each(declaring(422))('409: %s while the first one is being served', async (_id, route) => {
      const [path, body, headers] = [pathOf(route), route.body?.(), { 'idempotency-key': randomUUID() }];
      expect(KEPT).toContain((await send(route, { body, headers }, path)).status);
      // As the row is until the first request has its answer.
      await test.app.get(PrismaService).$executeRaw`
        UPDATE idempotent_answers SET status = NULL, body = NULL, claimed_at = now()`;
      expect((await send(route, { body, headers }, path)).status).toBe(409);
    });
  });
});

describe('Past the rate limit', () => {
  let test: TestApp;
  let token: string;
  beforeAll(async () => {
    test = await startApp({ RATE_LIMIT_MAX_REQUESTS: '1', TRUST_PROXY: '127.0.0.1' });
    ({ token } = await login(test.api, ADMIN));
    await test.api.get('/users/me', { token });
  });
  afterAll(() => test.close());

  it.each(declaring(429))('429: %s', async (_id, route) => {
    const answer = await test.api.send(route.method, pathOf(route), { token, body: route.body?.() });
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });
});

if (onServers) {
  describe('Without PostgreSQL', () => {
    let stores: Stores;
    let postgres: TcpProxy;
    let test: TestApp;
    let admin: Session;
    beforeAll(async () => {
      stores = await createStores();
      postgres = await TcpProxy.to(stores.env['DATABASE_URL'] ?? '');
      test = await startApp({ DATABASE_URL: postgres.url }, stores);
      admin = await login(test.api, ADMIN);
      await postgres.cut();
    });
    afterAll(async () => {
      await test.close();
      await stores.remove();
    });

    it.each(declaring(503))('503: %s', async (_id, route) => {
      // A refresh token that is none is refused without the database.
      const body = route.operationId === 'refreshTokens' ? { refreshToken: admin.refreshToken } : route.body?.();
      const request = { body, ...(route.public ? {} : { token: admin.token }) };
      const answer = await test.api.send(route.method, pathOf(route), request);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    });
  });
}
