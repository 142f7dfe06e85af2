import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { holderOf, makeAdmin, setStatus } from '../support/accounts.js';
import {
  CONFLICT,
  DEAD_TOKEN,
  expectFailure,
  expectInvalid,
  FORBIDDEN,
  NO_USER,
  sameForAll,
  statusCounts,
} from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

let test: TestApp;
let admin: Session;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  account = newAccount({ firstName: 'Ada' });
  ada = await register(test.api, account);
});
afterAll(() => test.close());

const restore = (by: Session, id = ada.user.id) =>
  test.api.post(`/users/${id}/restore`, undefined, { token: by.token });
const read = () => test.api.get(`/users/${ada.user.id}`, { token: admin.token });
const remove = () => test.api.delete(`/users/${ada.user.id}`, { token: admin.token });

describe('POST /users/:id/restore', () => {
  it.each(['active', 'inactive', 'suspended'] as const)('brings back an account that was %s', async (state) => {
    if (state !== 'active') await setStatus(test, ada.user.id, state);
    const before = await read();
    await remove();
    expectFailure(await read(), NO_USER);
    const { status, headers, body } = await restore(admin);
    expect(status).toBe(200);
    const { user } = body.data;
    expect(user).toEqual({ ...before.body.data.user, updatedAt: user.updatedAt });
    expect(user).toMatchObject({ status: state, firstName: 'Ada' });
    expect(headers.get('etag')).not.toBe(before.headers.get('etag'));
    const after = await read();
    expect(after.body.data.user).toEqual(user);
    expect(after.headers.get('etag')).toBe(headers.get('etag'));
    const listed = await test.api.get(`/users?email=${account.email}`, { token: admin.token });
    expect(listed.body.data.users).toEqual([user]);
  });

  it('leaves the old sessions ended, and lets the user log in again', async () => {
    await remove();
    await restore(admin);
    expectFailure(await test.api.get('/users/me', { token: ada.token }), DEAD_TOKEN);
    expectFailure(await test.api.post('/auth/refresh', { refreshToken: ada.refreshToken }), DEAD_TOKEN);
    expect((await login(test.api, account)).user.id).toBe(ada.user.id);
  });

  it('brings back the roles, and needs every permission that they hold', async () => {
    await makeAdmin(test, ada.user.id);
    await remove();
    const clerk = await holderOf(test, ['users:delete', 'users:update', 'users:read']);
    expectFailure(await restore(clerk), FORBIDDEN);
    expect((await restore(admin)).body.data.user.roles).toEqual(['admin', 'user']);
  });

  it('answers 409 for a user who is not deleted, also for the caller', async () => {
    expectFailure(await restore(admin), { ...CONFLICT, message: 'The user is not deleted' });
    expectFailure(await restore(admin, 'me'), CONFLICT);
    await remove();
    await restore(admin);
    expectFailure(await restore(admin), CONFLICT);
  });

  it.each([
    ['email', () => ({ email: account.email.toUpperCase() })],
    ['username', () => ({ username: account.username.toUpperCase() })],
  ])('answers 409 when a new account has taken the %s, and the new account keeps it', async (_, names) => {
    await remove();
    const newcomer = await register(test.api, newAccount(names()));
    expectFailure(await restore(admin), CONFLICT);
    expectFailure(await read(), NO_USER);
    expect((await test.api.get('/users/me', { token: newcomer.token })).status).toBe(200);
    await test.api.delete('/users/me', { token: newcomer.token });
    expect((await restore(admin)).status).toBe(200);
  });

  it('accepts one of 10 parallel restorations', async () => {
    await remove();
    expect(statusCounts(await inParallel(10, () => restore(admin)))).toEqual({ 200: 1, 409: 9 });
  });

  it('gives the email and username either to the restored account or to a parallel registration', async () => {
    for (let round = 0; round < 5; round += 1) {
      const names = newAccount();
      const old = await register(test.api, names);
      await test.api.delete('/users/me', { token: old.token });
      const [restored, registered] = await Promise.all([restore(admin, old.user.id), test.api.post('/users', names)]);
      expect([
        [200, 409],
        [409, 201],
      ]).toContainEqual([restored.status, registered.status]);
    }
  });

  it('needs users:delete, and answers 403 without it whether or not the user exists', async () => {
    const reader = await holderOf(test, ['users:read', 'users:update']);
    const other = await restore(reader);
    expectFailure(other, FORBIDDEN);
    for (const id of ['me', randomUUID(), 'nonsense']) {
      expect(sameForAll(await restore(reader, id))).toEqual(sameForAll(other));
    }
    expectFailure(await restore(admin, randomUUID()), NO_USER);
    expectInvalid(await restore(admin, 'nonsense'), 'id');
  });
});

describe('The list of deleted users', () => {
  it('shows deletedAt, which no other response contains', async () => {
    await remove();
    const query = `/users?status=deleted&email=${account.email}`;
    const { body } = await test.api.get(query, { token: admin.token });
    expect(body.data.users).toEqual([
      expect.objectContaining({ id: ada.user.id, status: 'deleted', deletedAt: expect.any(String) }),
    ]);
    expect((await restore(admin)).body.data.user).not.toHaveProperty('deletedAt');
    expect((await test.api.get(query, { token: admin.token })).body.data.users).toEqual([]);
    expect((await read()).body.data.user).not.toHaveProperty('deletedAt');
  });

  it('needs users:delete', async () => {
    const reader = await holderOf(test, ['users:read']);
    expectFailure(await test.api.get('/users?status=deleted', { token: reader.token }), FORBIDDEN);
    const deleter = await holderOf(test, ['users:read', 'users:delete']);
    expect((await test.api.get('/users?status=deleted', { token: deleter.token })).status).toBe(200);
  });
});
