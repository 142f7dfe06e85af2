import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, holderOf } from '../support/accounts.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, newRoleName, OTHER_PASSWORD, type Session } from '../support/factories.js';
import { countRoundTrips, nearCopiesGone, type RoundTrips, stopBackground } from '../support/round-trips.js';
import { onServers } from '../support/stores.js';

describe('The round trips of an administration route to the stores', () => {
  let test: TestApp;
  let admin: Session;
  let holder: Session;
  let subject: Session;
  let suspended: Session;
  let forgetful: Session;
  let deleted: Session;
  let role: string;
  let resetToken: string;
  beforeAll(async () => {
    test = await startApp();
    await stopBackground(test);
    admin = await test.admin();
    holder = await holderOf(test, ['roles:read']);
    subject = await register(test.api, newAccount());
    suspended = await register(test.api, newAccount());
    forgetful = await register(test.api, newAccount());
    deleted = await register(test.api, newAccount());
    role = await createRole(test, []);
    await test.api.delete('/users/me', { token: deleted.token });
    const issued = await administer('POST', `/users/${forgetful.user.id}/password-reset`);
    resetToken = issued.body.data.resetToken;
    // Puts their sessions and the permissions of their roles in the cache.
    for (const { token } of [admin, holder]) await test.api.get('/permissions', { token });
  });
  afterAll(() => test.close());

  const administer = (method: string, path: string, body?: unknown) =>
    test.api.send(method, path, { token: admin.token, body });

  const routes: [string, RoundTrips, () => Promise<{ status: number }>][] = [
    [
      'PUT /users/:id/roles',
      { sql: 8, redis: 4 },
      () => administer('PUT', `/users/${subject.user.id}/roles`, { roles: ['auditor'] }),
    ],
    [
      'POST /users/:id/email-verification',
      { sql: 5, redis: 3 },
      () => administer('POST', `/users/${suspended.user.id}/email-verification`),
    ],
    [
      'POST /users/:id/email-verification, for a user who holds a second role',
      { sql: 6, redis: 4 },
      () => test.api.post(`/users/${subject.user.id}/email-verification`, undefined, { token: clerk.token }),
    ],
    [
      'PUT /users/:id/status',
      { sql: 8, redis: 4 },
      () => administer('PUT', `/users/${suspended.user.id}/status`, { status: 'suspended' }),
    ],
    [
      'POST /users/:id/password-reset',
      { sql: 8, redis: 2 },
      () => administer('POST', `/users/${suspended.user.id}/password-reset`),
    ],
    ['POST /users/:id/restore', { sql: 5, redis: 3 }, () => administer('POST', `/users/${deleted.user.id}/restore`)],
    [
      'POST /auth/reset-password',
      { sql: 13, redis: 2 },
      () => test.api.post('/auth/reset-password', { resetToken, newPassword: OTHER_PASSWORD }),
    ],
    ['GET /roles', { sql: 1, redis: 2 }, () => administer('GET', '/roles')],
    ['GET /roles/:name', { sql: 1, redis: 2 }, () => administer('GET', `/roles/${role}`)],
    ['GET /permissions', { sql: 0, redis: 2 }, () => administer('GET', '/permissions')],
    [
      'GET /permissions, by a holder of a custom role',
      { sql: 0, redis: 3 },
      () => test.api.get('/permissions', { token: holder.token }),
    ],
    ['POST /roles', { sql: 4, redis: 3 }, () => administer('POST', '/roles', { name: newRoleName() })],
    ['PATCH /roles/:name', { sql: 5, redis: 3 }, () => administer('PATCH', `/roles/${role}`, { description: 'x' })],
    ['DELETE /roles/:name', { sql: 8, redis: 3 }, () => administer('DELETE', `/roles/${role}`)],
  ];
  let clerk: Session;
  beforeAll(async () => {
    clerk = await holderOf(test, ['users:read', 'users:update', 'audit:read', 'roles:read']);
    await test.api.get('/permissions', { token: clerk.token });
  });

  it.each(routes)('%s: asks the stores as often as expected', async (_, expected, send) => {
    await nearCopiesGone();
    let answer = { status: 0 };
    const cost = await countRoundTrips(async () => {
      answer = await send();
    });
    expect(answer.status).toBeLessThan(300);
    // The in-process cache needs no round trip.
    expect(cost).toEqual({ sql: expected.sql, redis: onServers ? expected.redis : 0 });
  });
});
