import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { holderOf, setStatus } from '../support/accounts.js';
import {
  CONFLICT,
  DEAD_TOKEN,
  expectFailure,
  expectInvalid,
  FORBIDDEN,
  NO_USER,
  sameForAll,
} from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { type Account, newAccount, type Session } from '../support/factories.js';

type Status = 'active' | 'inactive' | 'suspended';

let test: TestApp;
let admin: Session;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  account = newAccount();
  ada = await register(test.api, account);
});
afterAll(() => test.close());

function put(by: Session, body: unknown, id = ada.user.id, headers = {}): Promise<ApiAnswer> {
  return test.api.put(`/users/${id}/status`, body, { token: by.token, headers });
}

const verify = (by: Session, id = ada.user.id, headers = {}) =>
  test.api.post(`/users/${id}/email-verification`, undefined, { token: by.token, headers });

const read = () => test.api.get(`/users/${ada.user.id}`, { token: admin.token });

describe('PUT /users/:id/status', () => {
  it.each<[Status, Status]>([
    ['active', 'inactive'],
    ['active', 'suspended'],
    ['inactive', 'active'],
    ['inactive', 'suspended'],
    ['suspended', 'active'],
  ])('changes an account from %s to %s, and changes its ETag', async (from, to) => {
    if (from !== 'active') await setStatus(test, ada.user.id, from);
    const before = await read();
    const { status, headers, body } = await put(admin, { status: to, reason: 'They asked.' });
    expect(status).toBe(200);
    expect(body.data.user).toEqual({
      ...before.body.data.user,
      status: to,
      isActive: to === 'active',
      updatedAt: body.data.user.updatedAt,
    });
    expect(body.data.user.updatedAt > before.body.data.user.updatedAt).toBe(true);
    expect(headers.get('etag')).not.toBe(before.headers.get('etag'));
    const after = await read();
    expect(after.body.data.user).toEqual(body.data.user);
    expect(after.headers.get('etag')).toBe(headers.get('etag'));
  });

  it('refuses to make a suspended account inactive', async () => {
    await setStatus(test, ada.user.id, 'suspended');
    const before = await read();
    expectFailure(await put(admin, { status: 'inactive' }), CONFLICT);
    expect((await read()).body).toEqual(before.body);
  });

  it.each<Status>(['active', 'inactive', 'suspended'])('changes nothing if the user is already %s', async (state) => {
    if (state !== 'active') await setStatus(test, ada.user.id, state);
    const before = await read();
    const { status, headers, body } = await put(admin, { status: state, reason: 'Again.' });
    expect(status).toBe(200);
    expect(body.data.user).toEqual(before.body.data.user);
    expect(headers.get('etag')).toBe(before.headers.get('etag'));
    const alive = (await test.api.get('/users/me', { token: ada.token })).status === 200;
    expect(alive).toBe(state === 'active');
  });

  it.each<Status>(['inactive', 'suspended'])('ends every session at once when set to %s', async (status) => {
    const sessions = [ada, await login(test.api, account)];
    for (const { token } of sessions) expect((await test.api.get('/users/me', { token })).status).toBe(200);
    await setStatus(test, ada.user.id, status);
    const expectDead = async () => {
      for (const { token, refreshToken } of sessions) {
        expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
        expectFailure(await test.api.post('/auth/refresh', { refreshToken }), DEAD_TOKEN);
      }
    };
    await expectDead();
    await expect(login(test.api, account)).rejects.toThrow('403');
    await setStatus(test, ada.user.id, 'active');
    await expectDead();
    await login(test.api, account);
  });

  it.each([
    ['status', {}],
    ['status', { status: null }],
    ['status', { status: 'deleted' }],
    ['status', { status: 'Active' }],
    ['status', { status: ['active'] }],
    ['status', { status: '' }],
    ['reason', { status: 'inactive', reason: '💥'.repeat(501) }],
    ['reason', { status: 'inactive', reason: 7 }],
    ['reason', { status: 'inactive', reason: null }],
    ['isActive', { status: 'inactive', isActive: false }],
  ])('answers 400 to a wrong %s: %j', async (field, body) => {
    expectInvalid(await put(admin, body), field);
    expect((await read()).body.data.user.status).toBe('active');
  });

  it('accepts a reason of 500 emoji', async () => {
    expect((await put(admin, { status: 'inactive', reason: '💥'.repeat(500) })).status).toBe(200);
  });

  it('honours If-Match', async () => {
    const stale = { status: 412, code: 'PRECONDITION_FAILED' };
    const { headers } = await read();
    expectFailure(await put(admin, { status: 'inactive' }, ada.user.id, { 'if-match': '"other"' }), stale);
    expect(
      (await put(admin, { status: 'inactive' }, ada.user.id, { 'if-match': `W/${headers.get('etag')}` })).status,
    ).toBe(200);
  });

  it('answers 403 without users:update, whatever the target and the body', async () => {
    const reader = await holderOf(test, ['users:read', 'users:delete']);
    for (const by of [ada, reader]) {
      const refusals: ApiAnswer[] = [];
      for (const id of [ada.user.id, 'me', randomUUID(), 'nonsense']) {
        for (const body of [{ status: 'inactive' }, {}]) refusals.push(await put(by, body, id));
      }
      for (const refusal of refusals) expectFailure(refusal, FORBIDDEN);
      expect(new Set(refusals.map((refusal) => JSON.stringify(sameForAll(refusal)))).size).toBe(1);
    }
    expectFailure(await test.api.put('/users/me/status', {}), { status: 401, code: 'UNAUTHORIZED' });
  });

  it('answers an admin 404 for an unknown or deleted user and 400 for a malformed id', async () => {
    expectFailure(await put(admin, { status: 'inactive' }, randomUUID()), NO_USER);
    expectInvalid(await put(admin, { status: 'inactive' }, 'nonsense'), 'id');
    await test.api.delete('/users/me', { token: ada.token });
    expectFailure(await put(admin, { status: 'active' }), NO_USER);
  });

  it('lets a holder of users:update suspend their own account', async () => {
    const holder = await holderOf(test, ['users:update']);
    expect((await put(holder, { status: 'suspended' }, 'me')).body.data.user.status).toBe('suspended');
    expectFailure(await put(holder, { status: 'active' }, 'me'), DEAD_TOKEN);
  });
});

describe('POST /users/:id/email-verification', () => {
  it('marks the email as verified, and changes the ETag', async () => {
    const before = await read();
    expect(before.body.data.user.emailVerified).toBe(false);
    const { status, headers, body } = await verify(admin);
    expect(status).toBe(200);
    expect(body.data.user).toMatchObject({ id: ada.user.id, emailVerified: true });
    expect(headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect((await read()).body.data.user).toEqual(body.data.user);
  });

  it('changes nothing when the email is already verified', async () => {
    const first = await verify(admin);
    const second = await verify(admin);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
  });

  it('refuses a stale If-Match, so that an email changed meanwhile is not verified', async () => {
    const { headers } = await read();
    const seen = { 'if-match': headers.get('etag') };
    await test.api.patch(`/users/${ada.user.id}`, { email: newAccount().email }, { token: admin.token });
    expectFailure(await verify(admin, ada.user.id, seen), { status: 412, code: 'PRECONDITION_FAILED' });
    expect((await read()).body.data.user.emailVerified).toBe(false);
  });

  it('needs users:update and users:read', async () => {
    for (const id of ['me', ada.user.id, randomUUID(), 'x']) expectFailure(await verify(ada, id), FORBIDDEN);
    expectFailure(await verify(admin, randomUUID()), NO_USER);
    expectInvalid(await verify(admin, 'nonsense'), 'id');
    expect((await verify(await holderOf(test, ['users:update', 'users:read']))).status).toBe(200);
  });
});
