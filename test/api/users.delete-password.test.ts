import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAdmin } from '../support/accounts.js';
import {
  DEAD_TOKEN,
  expectFailure,
  expectInvalid,
  FORBIDDEN,
  NO_USER,
  sameForAll,
  statusCounts,
} from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { type Account, newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

let test: TestApp;
let admin: Session;
let account: Account;
let ada: Session;
let bob: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  account = newAccount();
  ada = await register(test.api, account);
  bob = await register(test.api, newAccount());
});
afterAll(() => test.close());

async function isAlive({ token, refreshToken }: Session): Promise<boolean> {
  const access = await test.api.get('/users/me', { token });
  const refresh = await test.api.post('/auth/refresh', { refreshToken });
  expect(refresh.status).toBe(access.status);
  if (access.status === 200) return true;
  for (const answer of [access, refresh]) expectFailure(answer, DEAD_TOKEN);
  return false;
}

function remove(by: Session, id: string, headers = {}): Promise<ApiAnswer> {
  return test.api.delete(`/users/${id}`, { token: by.token, headers });
}

function change(by: Session, body: unknown, id = 'me'): Promise<ApiAnswer> {
  return test.api.put(`/users/${id}/password`, body, { token: by.token });
}

describe('DELETE /users/:id', () => {
  it.each([
    ['the user as "me"', () => [ada, 'me'] as const],
    ['the user by id', () => [ada, ada.user.id] as const],
    ['an admin', () => [admin, ada.user.id] as const],
  ])('by %s answers an empty 204, and the user can no longer be found', async (_, request) => {
    const [by, id] = request();
    await test.api.get(`/users/${ada.user.id}`, { token: admin.token });
    const { status, text, headers } = await remove(by, id);
    expect({ status, text, type: headers.get('content-type') }).toEqual({ status: 204, text: '', type: null });
    const path = `/users/${ada.user.id}`;
    const { token } = admin;
    expectFailure(await test.api.get(path, { token }), NO_USER);
    expectFailure(await test.api.patch(path, { bio: 'x' }, { token }), NO_USER);
    expectFailure(await remove(admin, ada.user.id), NO_USER);
    const list = await test.api.get(`/users?username=${ada.user.username}`, { token });
    expect(list.body.data.users).toEqual([]);
  });

  it('ends every session of the user at once, and no session of another user', async () => {
    const sessions = [ada, await login(test.api, account), await login(test.api, account)];
    for (const { token } of sessions) expect((await test.api.get('/users/me', { token })).status).toBe(200);
    await remove(admin, ada.user.id);
    for (const session of sessions) expect(await isAlive(session)).toBe(false);
    expect(await isAlive(bob)).toBe(true);
    expectFailure(await remove(ada, 'me'), DEAD_TOKEN);
    await expect(login(test.api, account)).rejects.toThrow('401');
  });

  it('frees the email and username at once, for a new account that inherits nothing', async () => {
    const former = newAccount({ firstName: 'Former', phoneNumber: '+441632960001' });
    const { body } = await test.api.post('/users', former);
    await makeAdmin(test, body.data.user.id);
    const old = await login(test.api, former);
    expect((await test.api.get('/users', { token: old.token })).status).toBe(200);
    await remove(old, 'me');
    const { email, username } = former;
    const newcomer = await register(test.api, { email, username, password: OTHER_PASSWORD });
    expect(newcomer.user).toMatchObject({ email, username, firstName: null, phoneNumber: null, roles: ['user'] });
    expect(newcomer.user.id).not.toBe(old.user.id);
    expectFailure(await test.api.get('/users', { token: newcomer.token }), FORBIDDEN);
    expect(await isAlive(old)).toBe(false);
    await expect(login(test.api, former)).rejects.toThrow('401');
    expectFailure(await test.api.get(`/users/${old.user.id}`, { token: admin.token }), NO_USER);
  });

  it('answers another user 403, whether or not the target exists', async () => {
    const other = await remove(ada, bob.user.id);
    expectFailure(other, FORBIDDEN);
    for (const id of [randomUUID(), 'nonsense']) expect(sameForAll(await remove(ada, id))).toEqual(sameForAll(other));
    expect(await isAlive(bob)).toBe(true);
  });

  it('answers an admin 404 for an unknown user and 400 for a malformed id, and 401 without a token', async () => {
    expectFailure(await remove(admin, randomUUID()), NO_USER);
    expectInvalid(await remove(admin, 'nonsense'), 'id');
    expectFailure(await test.api.delete('/users/me'), { status: 401, code: 'UNAUTHORIZED' });
  });

  it('honours If-Match', async () => {
    const tag = (await test.api.get('/users/me', { token: ada.token })).headers.get('etag');
    const stale = { status: 412, code: 'PRECONDITION_FAILED' };
    expectFailure(await remove(ada, 'me', { 'if-match': '"other"' }), stale);
    expect(await isAlive(ada)).toBe(true);
    expect((await remove(ada, 'me', { 'if-match': tag })).status).toBe(204);
  });

  it('accepts one of 20 parallel deletions', async () => {
    const answers = await inParallel(20, () => remove(admin, ada.user.id));
    expect(statusCounts(answers)).toEqual({ 204: 1, 404: 19 });
  });
});

describe('PUT /users/:id/password', () => {
  const RIGHT = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };

  it.each([
    ['"me"', () => 'me'],
    ['the id of the user', () => ada.user.id],
  ])('by %s replaces the password, and only the new password logs in', async (_, id) => {
    const { status, headers, body } = await change(ada, RIGHT, id());
    const expected = { success: true, data: null, message: 'Password updated successfully' };
    expect({ status, body }).toEqual({ status: 200, body: expected });
    expect(headers.get('cache-control')).toBe('no-store');
    await expect(login(test.api, account)).rejects.toThrow('401');
    expect((await login(test.api, { ...account, password: OTHER_PASSWORD })).user.id).toBe(ada.user.id);
  });

  it('ends every other session of the user, and keeps the session that made the change', async () => {
    const others = [await login(test.api, account), await login(test.api, account)];
    for (const { token } of others) expect((await test.api.get('/users/me', { token })).status).toBe(200);
    expect((await change(ada, RIGHT)).status).toBe(200);
    for (const other of others) expect(await isAlive(other)).toBe(false);
    expect(await isAlive(ada)).toBe(true);
    expect(await isAlive(bob)).toBe(true);
  });

  it('answers 401 to a wrong current password, does not call the token invalid, and changes nothing', async () => {
    const other = await login(test.api, account);
    const answer = await change(ada, { ...RIGHT, currentPassword: `${PASSWORD}x` });
    expectFailure(answer, { status: 401, code: 'UNAUTHORIZED', message: 'Current password is incorrect' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await isAlive(other)).toBe(true);
    await login(test.api, account);
  });

  it('answers 403 to every other user, also to an admin, whatever the body', async () => {
    for (const by of [bob, admin]) {
      for (const [body, id] of [
        [RIGHT, ada.user.id],
        [{}, ada.user.id],
        [RIGHT, randomUUID()],
      ] as const) {
        expectFailure(await change(by, body, id), FORBIDDEN);
      }
    }
    expectFailure(await test.api.put('/users/me/password', RIGHT), { status: 401, code: 'UNAUTHORIZED' });
    await login(test.api, account);
  });

  it.each([
    ['of 7 characters', () => 'Zq7!kwp', 'Password must be at least 8 characters'],
    ['of 7 code points', () => 'Zq7!😀🐎🔋', 'Password must be at least 8 characters'],
    [
      'without a capital letter',
      () => 'zq7!kwpvx',
      'Password must contain uppercase, lowercase, number, and special character',
    ],
    ['of 129 characters', () => `Zq7!${'k'.repeat(125)}`, undefined],
    ['that contains the username', () => `Zq7!${account.username}`, undefined],
    ['that contains the username in capitals', () => `zq7!${account.username.toUpperCase()}`, undefined],
    ['that contains the local part of the email', () => `Zq7!${account.email.split('@')[0]}`, undefined],
    ['that is a number', () => 12_345_678, undefined],
    ['that is null', () => null, undefined],
    ['that is missing', () => undefined, undefined],
  ])('refuses a new password %s with 400', async (_, newPassword, message) => {
    const body = { currentPassword: PASSWORD, newPassword: newPassword() };
    expectInvalid(await change(ada, body), 'newPassword', message);
    await login(test.api, account);
  });

  it.each([
    ['currentPassword', { newPassword: OTHER_PASSWORD }],
    ['currentPassword', { ...RIGHT, currentPassword: null }],
    ['currentPassword', { ...RIGHT, currentPassword: '' }],
    ['currentPassword', { ...RIGHT, currentPassword: [PASSWORD] }],
    ['username', { ...RIGHT, username: 'newname' }],
    ['sessionId', { ...RIGHT, sessionId: null }],
  ])('answers 400 to a wrong %s: %j', async (field, body) => {
    expectInvalid(await change(ada, body), field);
    await login(test.api, account);
  });

  it('accepts one of 5 parallel changes from the same password', async () => {
    const answers = await inParallel(5, (index) => change(ada, { ...RIGHT, newPassword: `${OTHER_PASSWORD}${index}` }));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 4 });
    const winner = answers.findIndex(({ status }) => status === 200);
    await login(test.api, { ...account, password: `${OTHER_PASSWORD}${winner}` });
  });

  it('accepts one of two sessions that change the password at once, and ends the other', async () => {
    const sessions = [ada, await login(test.api, account)];
    const answers = await Promise.all(sessions.map((session) => change(session, RIGHT)));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 1 });
    const alive = await Promise.all(sessions.map((session) => isAlive(session)));
    expect(alive).toEqual(answers.map(({ status }) => status === 200));
  });
});
