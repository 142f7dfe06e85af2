import { LinkerService } from '../../src/audit/linker.service.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { countRoundTrips, nearCopiesGone, type RoundTrips } from '../support/round-trips.js';
import { onServers } from '../support/stores.js';

/**
 * What a route may cost, with its session and, where it reads one, its profile in Redis, and this process's own copies
 * of them just gone.
 */
const COSTS = {
  'POST /users': { sql: 4, redis: 1 },
  'GET /users': { sql: 2, redis: 2 },
  'GET /users/:id': { sql: 0, redis: 2 },
  'GET /users/:id, not in the cache': { sql: 1, redis: 5 },
  'PATCH /users/:id': { sql: 5, redis: 4 },
  'DELETE /users/:id': { sql: 8, redis: 6 },
  'PUT /users/:id/password': { sql: 10, redis: 2 },
  'GET /users/:id/sessions': { sql: 1, redis: 2 },
  'DELETE /users/:id/sessions': { sql: 4, redis: 4 },
  'POST /auth/login': { sql: 8, redis: 3 },
  'POST /auth/refresh': { sql: 1, redis: 1 },
  'POST /auth/logout': { sql: 4, redis: 4 },
  'GET /health': { sql: 1, redis: 1 },
  'GET /health/live': { sql: 0, redis: 0 },
  'GET /health/ready': { sql: 1, redis: 0 },
} satisfies Record<string, RoundTrips>;

/** In-process, the cache is no round trip. */
function costOf(route: keyof typeof COSTS): RoundTrips {
  return { sql: COSTS[route].sql, redis: onServers ? COSTS[route].redis : 0 };
}

describe('What each route asks of the stores', () => {
  let test: TestApp;
  let admin: Session;
  let account: Account;
  let user: Session;
  beforeAll(async () => {
    test = await startApp();
    // It works in the background.
    await test.app.get(LinkerService).onApplicationShutdown();
    admin = await test.admin();
    account = newAccount();
    user = await register(test.api, account);
    await test.api.get('/users/me', { token: admin.token });
    await test.api.get('/users/me', { token: user.token });
  });
  afterAll(() => test.close());

  const routes: [keyof typeof COSTS, number, () => Promise<{ status: number }>][] = [
    ['POST /users', 201, () => test.api.post('/users', newAccount())],
    ['GET /users', 200, () => test.api.get('/users', { token: admin.token })],
    ['GET /users/:id', 200, () => test.api.get('/users/me', { token: user.token })],
    ['GET /users/:id, not in the cache', 200, () => test.api.get(`/users/${other.user.id}`, { token: admin.token })],
    ['PATCH /users/:id', 200, () => test.api.patch('/users/me', { bio: 'New' }, { token: user.token })],
    ['POST /auth/login', 200, () => test.api.post('/auth/login', { email: account.email, password: PASSWORD })],
    ['GET /users/:id/sessions', 200, () => test.api.get('/users/me/sessions', { token: user.token })],
    ['DELETE /users/:id/sessions', 204, () => test.api.delete('/users/me/sessions', { token: user.token })],
    ['POST /auth/refresh', 200, () => test.api.post('/auth/refresh', { refreshToken: user.refreshToken })],
    ['GET /health', 200, () => test.api.get('/health')],
    ['GET /health/live', 200, () => test.api.get('/health/live')],
    ['GET /health/ready', 200, () => test.api.get('/health/ready')],
    [
      'PUT /users/:id/password',
      200,
      () =>
        test.api.put(
          '/users/me/password',
          { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` },
          { token: leaving.token },
        ),
    ],
    ['POST /auth/logout', 204, () => test.api.post('/auth/logout', undefined, { token: other.token })],
    ['DELETE /users/:id', 204, () => test.api.delete('/users/me', { token: leaving.token })],
  ];
  let other: Session;
  let leaving: Session;
  beforeAll(async () => {
    other = await register(test.api, newAccount());
    leaving = await register(test.api, newAccount());
    // Their sessions are in the cache, their profiles are not.
    for (const { token } of [other, leaving]) await test.api.get('/users', { token });
  });

  it.each(routes)('%s', async (route, status, send) => {
    await nearCopiesGone();
    let answer = { status: 0 };
    const cost = await countRoundTrips(async () => {
      answer = await send();
    });
    expect(answer.status).toBe(status);
    expect(cost).toEqual(costOf(route));
  });

  it('GET /users/:id, once more within the life of this process’s own copy: it is counted, and that is all', async () => {
    await test.api.get('/users/me', { token: user.token });
    const cost = await countRoundTrips(() => test.api.get('/users/me', { token: user.token }));
    expect(cost).toEqual({ sql: 0, redis: onServers ? 1 : 0 });
  });

  it('is noticed when it grows by one statement', async () => {
    const prisma = test.app.get(PrismaService);
    const cost = await countRoundTrips(async () => {
      await test.api.get('/users/me', { token: user.token });
      await prisma.ping();
    });
    expect(cost).not.toEqual(costOf('GET /users/:id'));
  });
});
