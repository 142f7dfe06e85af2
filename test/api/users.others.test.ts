import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { holderOf } from '../support/accounts.js';
import { expectFailure, FORBIDDEN, sameForAll } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';

let test: TestApp;
let admin: Session;
/** May change users, but not read them. */
let blind: Session;
/** May do what the session above may, and read users as well. */
let seeing: Session;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
  blind = await holderOf(test, ['users:update', 'users:delete', 'roles:assign']);
  seeing = await holderOf(test, ['users:update', 'users:delete', 'roles:assign', 'users:read']);
  ada = await register(test.api, newAccount());
});
afterAll(() => test.close());

const read = (id: string) => test.api.get(`/users/${id}`, { token: admin.token });

describe('A change of another user without users:read', () => {
  it.each<[string, string, string, unknown]>([
    ['the status that it has', 'PUT', 'status', { status: 'active' }],
    ['another status', 'PUT', 'status', { status: 'suspended' }],
    ['the roles that it has', 'PUT', 'roles', { roles: ['user'] }],
    ['no roles', 'PUT', 'roles', { roles: [] }],
    ['a field', 'PATCH', '', { bio: 'x' }],
    ['the email that it has', 'PATCH', '', { email: 'same' }],
    ['a verified email', 'POST', 'email-verification', undefined],
    ['a malformed body', 'PUT', 'status', { status: 7 }],
  ])('is refused: %s', async (_, method, path, content) => {
    const body = content instanceof Object && 'email' in content ? { email: ada.user.email } : content;
    const send = (by: Session, id: string) =>
      test.api.send(method, [`/users/${id}`, path].join('/').replace(/\/$/, ''), { token: by.token, body });
    const before = await read(ada.user.id);
    const refused = await send(blind, ada.user.id);
    expectFailure(refused, FORBIDDEN);
    expect(sameForAll(await send(blind, randomUUID()))).toEqual(sameForAll(refused));
    expect((await read(ada.user.id)).text).toBe(before.text);
  });

  it('is refused for a restoration', async () => {
    const { user, token } = await register(test.api, newAccount());
    await test.api.delete('/users/me', { token });
    const path = `/users/${user.id}/restore`;
    expectFailure(await test.api.post(path, undefined, { token: blind.token }), FORBIDDEN);
    expect((await test.api.post(path, undefined, { token: seeing.token })).status).toBe(200);
  });

  it('is allowed where the answer holds no user: a deletion, a password reset', async () => {
    const { user } = await register(test.api, newAccount());
    const reset = await test.api.post(`/users/${user.id}/password-reset`, undefined, { token: blind.token });
    expect({ status: reset.status, shown: Object.keys(reset.body.data) }).toEqual({
      status: 201,
      shown: ['resetToken', 'expiresAt'],
    });
    expect((await test.api.delete(`/users/${user.id}`, { token: blind.token })).status).toBe(204);
  });

  it('is allowed for oneself, and with users:read', async () => {
    for (const id of ['me', blind.user.id.toUpperCase()]) {
      const { token } = blind;
      expect((await test.api.put(`/users/${id}/status`, { status: 'active' }, { token })).status).toBe(200);
      expect((await test.api.patch(`/users/${id}`, { bio: id }, { token })).status).toBe(200);
    }
    const { token } = seeing;
    expect((await test.api.put(`/users/${ada.user.id}/status`, { status: 'active' }, { token })).status).toBe(200);
    expect((await test.api.put(`/users/${ada.user.id}/roles`, { roles: [] }, { token })).status).toBe(200);
  });
});

/** The ways to name an account in a path. */
const spellings = (id: string) => ['me', '%6de', id, id.toUpperCase(), id.replace(/^./, (first) => `%3${first}`)];

describe('For oneself', () => {
  it.each([
    ['a holder of users:update', () => seeing],
    ['an admin', () => admin],
  ])('%s cannot verify the email', async (_, by) => {
    const { user, token } = by();
    const { emailVerified } = (await read(user.id)).body.data.user;
    for (const id of spellings(user.id)) {
      expectFailure(await test.api.post(`/users/${id}/email-verification`, undefined, { token }), FORBIDDEN);
    }
    expect((await read(user.id)).body.data.user.emailVerified).toBe(emailVerified);
  });

  it.each([
    ['a holder of users:update', () => seeing],
    ['an admin', () => admin],
  ])('%s cannot issue a password reset: an access token alone sets no password', async (_, by) => {
    const { user, token } = by();
    for (const id of spellings(user.id)) {
      expectFailure(await test.api.post(`/users/${id}/password-reset`, undefined, { token }), FORBIDDEN);
    }
    const where = { userId: user.id, purpose: 'operator_reset' };
    expect(await test.app.get(PrismaService).oneTimeToken.count({ where })).toBe(0);
  });

  it('a denial says why in the audit log', async () => {
    await test.api.post('/users/me/password-reset', undefined, { token: seeing.token });
    const path = `/audit-logs?action=permission.denied&actorId=${seeing.user.id}&limit=1`;
    const { body } = await test.api.get(path, { token: admin.token });
    expect(body.data.auditLogs[0]).toMatchObject({
      reason: 'self: only another user may do this',
      target: { type: 'user', id: seeing.user.id },
    });
  });
});
