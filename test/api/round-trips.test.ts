import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { countRoundTrips, nearCopiesGone, type RoundTrips, stopBackground } from '../support/round-trips.js';
import { onServers } from '../support/stores.js';

/**
 * The round trips of each route when its session and, where the route reads one, its profile are in Redis but no longer
 * in this process's own cache.
 */
const COSTS = {
  'POST /users': { sql: 5, redis: 1 },
  'GET /users': { sql: 1, redis: 2 },
  'GET /users/:id': { sql: 0, redis: 3 },
  'GET /users/:id, not in the cache': { sql: 1, redis: 5 },
  'PATCH /users/:id': { sql: 5, redis: 3 },
  'DELETE /users/:id': { sql: 9, redis: 4 },
  'PUT /users/:id/password': { sql: 12, redis: 2 },
  'GET /users/:id/sessions': { sql: 1, redis: 2 },
  'DELETE /users/:id/sessions': { sql: 4, redis: 3 },
  'POST /auth/login': { sql: 10, redis: 2 },
  'POST /auth/refresh': { sql: 1, redis: 1 },
  'POST /auth/logout': { sql: 4, redis: 3 },
  'GET /health': { sql: 2, redis: 4 },
  'GET /health/live': { sql: 0, redis: 0 },
  'GET /health/ready': { sql: 1, redis: 0 },
} satisfies Record<string, RoundTrips>;

/** The in-process cache needs no round trip. */
function costOf(route: keyof typeof COSTS): RoundTrips {
  return { sql: COSTS[route].sql, redis: onServers ? COSTS[route].redis : 0 };
}

describe('The round trips of a route to the stores', () => {
  let test: TestApp;
  let admin: Session;
  let account: Account;
  let user: Session;
  beforeAll(async () => {
    test = await startApp();
    await stopBackground(test);
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
    // Puts their sessions in the cache, but not their profiles.
    for (const { token } of [other, leaving]) await test.api.get('/users', { token });
  });

  it.each(routes)('match the expected numbers: %s', async (route, status, send) => {
    await nearCopiesGone();
    let answer = { status: 0 };
    const cost = await countRoundTrips(async () => {
      answer = await send();
    });
    expect(answer.status).toBe(status);
    expect(cost).toEqual(costOf(route));
  });

  it('are only the rate-limit count when GET /users/:id repeats while the process still has its own copy', async () => {
    await test.api.get('/users/me', { token: user.token });
    const cost = await countRoundTrips(() => test.api.get('/users/me', { token: user.token }));
    expect(cost).toEqual({ sql: 0, redis: onServers ? 1 : 0 });
  });

  it('include the note of the first use of a refreshed pair once, and then nothing more', async () => {
    const session = await register(test.api, newAccount());
    const { body } = await test.api.post('/auth/refresh', { refreshToken: session.refreshToken });
    const read = () => test.api.get('/users/me', { token: body.data.accessToken });
    // The session and the profile are read, and the use is noted.
    expect((await countRoundTrips(read)).sql).toBe(3);
    await read();
    expect((await countRoundTrips(read)).sql).toBe(0);
    await nearCopiesGone();
    expect(await countRoundTrips(read)).toEqual(costOf('GET /users/:id'));
  });

  it('counts SQL statements exactly: one extra statement fails the test', async () => {
    const prisma = test.app.get(PrismaService);
    const cost = await countRoundTrips(async () => {
      await test.api.get('/users/me', { token: user.token });
      await prisma.ping();
    });
    expect(cost).not.toEqual(costOf('GET /users/:id'));
  });
});
