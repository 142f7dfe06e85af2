import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { createRole, holderOf, setRoles, setStatus } from '../support/accounts.js';
import { expectFailure, expectInvalid, FORBIDDEN, NO_USER, sameForAll, statusCounts } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { type Account, newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { TIMESTAMP } from '../support/shapes.js';

const REFUSED = { status: 401, code: 'UNAUTHORIZED', message: 'Invalid or expired reset token' };
const HOUR_MS = 3_600_000;

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

const issue = (by = admin, id = ada.user.id) =>
  test.api.post(`/users/${id}/password-reset`, undefined, { token: by.token });
const redeem = (resetToken: unknown, newPassword: unknown = OTHER_PASSWORD) =>
  test.api.post('/auth/reset-password', { resetToken, newPassword });

async function issuedFor(id: string): Promise<string> {
  const { status, body } = await issue(admin, id);
  expect(status).toBe(201);
  return body.data.resetToken;
}

const issuedToken = () => issuedFor(ada.user.id);

function expectRefused(answer: ApiAnswer): void {
  expectFailure(answer, REFUSED);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
}

describe('POST /users/:id/password-reset', () => {
  it('returns a 256-bit token that expires in an hour, and forbids caching it', async () => {
    const before = Date.now();
    const { status, headers, body } = await issue();
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      success: true,
      data: {
        resetToken: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        expiresAt: expect.stringMatching(TIMESTAMP),
      },
    });
    const lifetime = Date.parse(body.data.expiresAt) - before;
    expect(Math.abs(lifetime - HOUR_MS)).toBeLessThan(10_000);
  });

  it('stores only a hash, which is refused as a token', async () => {
    const resetToken = await issuedToken();
    const row = await test.app.get(PrismaService).oneTimeToken.findFirstOrThrow({
      where: { userId: ada.user.id, purpose: 'operator_reset' },
    });
    expect(Buffer.from(row.tokenHash)).toEqual(createHash('sha256').update(resetToken).digest());
    expectRefused(await redeem(Buffer.from(row.tokenHash).toString('base64url')));
  });

  it('leaves the password and the sessions valid until the token is used', async () => {
    const before = await test.api.get('/users/me', { token: ada.token });
    await issuedToken();
    const after = await test.api.get('/users/me', { token: ada.token });
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    expect((await login(test.api, account)).user.id).toBe(ada.user.id);
  });

  it('needs users:update, and answers 403 without it whether or not the user exists', async () => {
    const other = await issue(ada, admin.user.id);
    expectFailure(other, FORBIDDEN);
    for (const id of ['me', randomUUID(), 'nonsense']) {
      expect(sameForAll(await issue(ada, id))).toEqual(sameForAll(other));
    }
    const clerk = await holderOf(test, ['users:update']);
    expect((await issue(clerk)).status).toBe(201);
    expectFailure(await issue(clerk, admin.user.id), FORBIDDEN);
  });

  it('answers an admin 404 for an unknown or deleted user and 400 for a malformed id', async () => {
    expectFailure(await issue(admin, randomUUID()), NO_USER);
    expectInvalid(await issue(admin, 'nonsense'), 'id');
    await test.api.delete('/users/me', { token: ada.token });
    expectFailure(await issue(), NO_USER);
  });
});

describe('POST /auth/reset-password', () => {
  it('sets the password once, and ends every session of the user', async () => {
    const sessions = [ada, await login(test.api, account)];
    for (const { token } of sessions) expect((await test.api.get('/users/me', { token })).status).toBe(200);
    const resetToken = await issuedToken();
    const { status, headers, body } = await redeem(resetToken);
    expect({ status, body }).toEqual({
      status: 200,
      body: { success: true, data: null, message: 'Password updated successfully' },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    for (const { token, refreshToken } of sessions) {
      const dead = { status: 401, code: 'UNAUTHORIZED', message: 'Invalid token' };
      expectFailure(await test.api.get('/users/me', { token }), dead);
      expectFailure(await test.api.post('/auth/refresh', { refreshToken }), dead);
    }
    await expect(login(test.api, account)).rejects.toThrow('401');
    expect((await login(test.api, { ...account, password: OTHER_PASSWORD })).user.id).toBe(ada.user.id);
    expectRefused(await redeem(resetToken, PASSWORD));
  });

  it.each(['', 'x', 'é', 'a'.repeat(43), 'a'.repeat(10_000)])('refuses a made-up token', async (token) => {
    expectRefused(await redeem(token));
  });

  it('refuses a token that has expired', async () => {
    const resetToken = await issuedToken();
    await test.app.get(PrismaService).oneTimeToken.updateMany({
      where: { userId: ada.user.id },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expectRefused(await redeem(resetToken));
    await login(test.api, account);
  });

  it('accepts only the newest token of a user', async () => {
    const [old, newest] = [await issuedToken(), await issuedToken()];
    expectRefused(await redeem(old));
    expect((await redeem(newest)).status).toBe(200);
  });

  it.each<[string, () => Promise<ApiAnswer>]>([
    [
      'a change of password',
      () =>
        test.api.put(
          '/users/me/password',
          { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` },
          { token: ada.token },
        ),
    ],
    [
      'a change of email',
      () => test.api.patch(`/users/${ada.user.id}`, { email: newAccount().email }, { token: admin.token }),
    ],
    [
      'a change of roles, which may then hold more than the issuer',
      () => test.api.put(`/users/${ada.user.id}/roles`, { roles: ['auditor'] }, { token: admin.token }),
    ],
    ['a deletion', () => test.api.delete('/users/me', { token: ada.token })],
    [
      'a deletion and a restoration',
      async () => {
        await test.api.delete('/users/me', { token: ada.token });
        return test.api.post(`/users/${ada.user.id}/restore`, undefined, { token: admin.token });
      },
    ],
  ])('refuses a token issued before %s', async (_, change) => {
    const resetToken = await issuedToken();
    expect((await change()).status).toBeLessThan(300);
    expectRefused(await redeem(resetToken));
  });

  it('refuses a token issued before a role of the user gained a permission', async () => {
    const role = await createRole(test, ['users:read']);
    await setRoles(test, ada.user.id, [role]);
    const bob = await register(test.api, newAccount());
    const [old, other] = [await issuedToken(), await issuedFor(bob.user.id)];
    await test.api.patch(`/roles/${role}`, { permissions: ['users:delete'] }, { token: admin.token });
    expectRefused(await redeem(old));
    const shrunk = await issuedToken();
    await test.api.patch(`/roles/${role}`, { permissions: [] }, { token: admin.token });
    expect((await redeem(shrunk)).status).toBe(200);
    expectInvalid(await redeem(other, 'weak'), 'newPassword');
  });

  it('accepts a token issued before a change of the profile', async () => {
    const resetToken = await issuedToken();
    await test.api.patch('/users/me', { bio: 'x', lastName: 'y' }, { token: ada.token });
    expect((await redeem(resetToken)).status).toBe(200);
  });

  it.each([
    ['newPassword', 'Zq7!kwp'],
    ['newPassword', 'zq7!kwpvx'],
    ['newPassword', null],
    ['newPassword', 12_345_678],
  ])('answers 400 to a wrong %s, %j, and keeps the token valid', async (field, newPassword) => {
    const resetToken = await issuedToken();
    expectInvalid(await redeem(resetToken, newPassword), field);
    await login(test.api, account);
    expect((await redeem(resetToken)).status).toBe(200);
  });

  it('refuses a password that contains the username or the email, and keeps the token valid', async () => {
    const resetToken = await issuedToken();
    for (const word of [account.username.toUpperCase(), account.email.split('@')[0]]) {
      expectInvalid(await redeem(resetToken, `Zq7!a${word}`), 'newPassword');
    }
    expect((await redeem(resetToken)).status).toBe(200);
  });

  it.each([
    ['resetToken', { newPassword: OTHER_PASSWORD }],
    ['resetToken', { resetToken: null, newPassword: OTHER_PASSWORD }],
    ['resetToken', { resetToken: ['x'], newPassword: OTHER_PASSWORD }],
    ['newPassword', { resetToken: 'x' }],
    ['email', { resetToken: 'x', newPassword: OTHER_PASSWORD, email: 'a@example.com' }],
  ])('answers 400 to a wrong %s: %j', async (field, body) => {
    expectInvalid(await test.api.post('/auth/reset-password', body), field);
  });

  it('answers 413 to a body over 16 KiB', async () => {
    expectFailure(await redeem('a'.repeat(16_385)), { status: 413, code: 'PAYLOAD_TOO_LARGE' });
  });

  it('accepts one of 5 parallel uses of the same token', async () => {
    const resetToken = await issuedToken();
    const answers = await inParallel(5, (index) => redeem(resetToken, `${OTHER_PASSWORD}${index}`));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 4 });
    const winner = answers.findIndex(({ status }) => status === 200);
    await login(test.api, { ...account, password: `${OTHER_PASSWORD}${winner}` });
  });

  it('still works after tokens were issued and used in parallel', async () => {
    const resetToken = await issuedToken();
    const answers = await inParallel(12, (index) =>
      index % 3 === 0 ? redeem(resetToken, `${OTHER_PASSWORD}${index}`) : issue(),
    );
    for (const { status } of answers) expect([200, 201, 401]).toContain(status);
    expect((await redeem(await issuedToken(), PASSWORD)).status).toBe(200);
    await login(test.api, account);
  });

  it('leaves a suspended account suspended', async () => {
    await setStatus(test, ada.user.id, 'suspended');
    expect((await redeem(await issuedToken())).status).toBe(200);
    await expect(login(test.api, { ...account, password: OTHER_PASSWORD })).rejects.toThrow('403');
  });
});
