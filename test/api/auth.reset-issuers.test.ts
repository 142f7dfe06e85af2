import process from 'node:process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, setRoles, setStatus } from '../support/accounts.js';
import { expectFailure } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, OTHER_PASSWORD, type Session } from '../support/factories.js';

/** How often each race is run; `npm run drill -- access` runs more rounds. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 4);
const DEAD = { status: 401, code: 'UNAUTHORIZED', message: 'Invalid or expired reset token' };

let test: TestApp;
let admin: Session;
let clerkRole: string;
let clerk: Session;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  clerkRole = await createRole(test, ['users:update', 'users:read']);
  [clerk, ada] = [await register(test.api, newAccount()), await register(test.api, newAccount())];
  await setRoles(test, clerk.user.id, [clerkRole]);
});
afterAll(() => test.close());

const issue = (by: Session, id = ada.user.id) =>
  test.api.post(`/users/${id}/password-reset`, undefined, { token: by.token });
const redeem = (resetToken: string) =>
  test.api.post('/auth/reset-password', { resetToken, newPassword: OTHER_PASSWORD });
const allow = (role: string, permissions: string[]) =>
  test.api.patch(`/roles/${role}`, { permissions }, { token: admin.token });

async function issued(by = clerk): Promise<string> {
  const { status, body } = await issue(by);
  expect(status).toBe(201);
  return body.data.resetToken;
}

/** Issues while something else happens, and returns the answer to the token's use after both. */
async function redeemedAfter(change: () => Promise<ApiAnswer>): Promise<number> {
  const [answer, changed] = await Promise.all([issue(clerk), change()]);
  expect(changed.status).toBe(200);
  expect([201, 401, 403]).toContain(answer.status);
  return answer.status === 201 ? (await redeem(answer.body.data.resetToken)).status : answer.status;
}

describe('A reset token', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['is demoted', () => setRoles(test, clerk.user.id, [])],
    ['gets another role instead', () => setRoles(test, clerk.user.id, ['auditor'])],
    ['is suspended', () => setStatus(test, clerk.user.id, 'suspended')],
    ['becomes inactive', () => setStatus(test, clerk.user.id, 'inactive')],
    ['is deleted', () => test.api.delete(`/users/${clerk.user.id}`, { token: admin.token })],
    ['leaves', () => test.api.delete('/users/me', { token: clerk.token })],
    ['holds a role that loses the permission', () => allow(clerkRole, ['users:read'])],
    [
      'is demoted, and promoted again',
      async () => {
        await setRoles(test, clerk.user.id, []);
        await setRoles(test, clerk.user.id, [clerkRole]);
      },
    ],
    [
      'is suspended, and active again',
      async () => {
        await setStatus(test, clerk.user.id, 'suspended');
        await setStatus(test, clerk.user.id, 'active');
      },
    ],
    [
      'is deleted, and restored',
      async () => {
        await test.api.delete('/users/me', { token: clerk.token });
        await test.api.post(`/users/${clerk.user.id}/restore`, undefined, { token: admin.token });
      },
    ],
  ])('ends when its issuer %s', async (_, lose) => {
    const resetToken = await issued();
    await lose();
    expectFailure(await redeem(resetToken), DEAD);
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(200);
  });

  it('ends when its issuer no longer holds what the user holds', async () => {
    await setRoles(test, ada.user.id, [await createRole(test, ['users:read'])]);
    const resetToken = await issued();
    await allow(clerkRole, ['users:update']);
    expectFailure(await redeem(resetToken), DEAD);
  });

  it('outlives a logout, a new profile and more roles of its issuer', async () => {
    const resetToken = await issued();
    await setRoles(test, clerk.user.id, [clerkRole, 'auditor']);
    await test.api.patch('/users/me', { bio: 'Moved desks' }, { token: clerk.token });
    await test.api.post('/auth/logout', undefined, { token: clerk.token });
    await allow(clerkRole, ['users:update', 'users:read', 'users:delete']);
    expect((await redeem(resetToken)).status).toBe(200);
  });

  it('ends only with its own issuer', async () => {
    const other = await holderOf(test, ['users:update']);
    await issued(other);
    const resetToken = await issued();
    await setRoles(test, other.user.id, []);
    expect((await redeem(resetToken)).status).toBe(200);
  });
});

describe('Issuing a reset token', () => {
  it('while a role of the user grows beyond the issuer gives no usable token', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const role = await createRole(test, []);
      await setRoles(test, ada.user.id, [role]);
      expect([401, 403]).toContain(await redeemedAfter(() => allow(role, ['users:delete'])));
      expectFailure(await issue(clerk), { status: 403, code: 'FORBIDDEN' });
    }
  });

  it('while the user gets a role with more permissions than the issuer gives no usable token', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await setRoles(test, ada.user.id, []);
      const promote = () => test.api.put(`/users/${ada.user.id}/roles`, { roles: ['admin'] }, { token: admin.token });
      expect([401, 403]).toContain(await redeemedAfter(promote));
    }
  });

  it('while the issuer is demoted or suspended, or its role shrinks, gives no usable token', async () => {
    const losses = [
      () => test.api.put(`/users/${clerk.user.id}/roles`, { roles: [] }, { token: admin.token }),
      () => test.api.put(`/users/${clerk.user.id}/status`, { status: 'suspended' }, { token: admin.token }),
      () => allow(clerkRole, []),
    ];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const lose of losses) {
        clerk = await register(test.api, newAccount());
        await allow(clerkRole, ['users:update']);
        await setRoles(test, clerk.user.id, [clerkRole]);
        await test.api.get('/users/me', { token: clerk.token });
        expect([401, 403]).toContain(await redeemedAfter(lose));
      }
    }
  });
});
