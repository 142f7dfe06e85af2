import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, makeAdmin, setRoles, setStatus } from '../support/accounts.js';
import { expectFailure, expectInvalid, FORBIDDEN, NO_USER, sameForAll } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { ADMIN, type Account, newAccount, type Session } from '../support/factories.js';

const LAST_ADMIN = { status: 409, code: 'CONFLICT', message: 'The last active admin must stay' };

let test: TestApp;
let admin: Session;
/** May assign roles, and read, update and delete users. */
let clerk: Session;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
  clerk = await holderOf(test, ['roles:assign', 'users:read', 'users:update', 'users:delete']);
});
beforeEach(async () => {
  account = newAccount();
  ada = await register(test.api, account);
});
afterAll(() => test.close());

function assign(by: Session, roles: unknown, id = ada.user.id, headers = {}): Promise<ApiAnswer> {
  return test.api.put(`/users/${id}/roles`, { roles }, { token: by.token, headers });
}

const read = (id = ada.user.id) => test.api.get(`/users/${id}`, { token: admin.token });
const rolesOf = async (id = ada.user.id): Promise<string[]> => (await read(id)).body.data.user.roles;

describe('PUT /users/:id/roles', () => {
  it('sets the roles, adds the role user, sorts them, and changes the ETag', async () => {
    const role = await createRole(test, ['users:read']);
    const before = await read();
    const { status, headers, body } = await assign(admin, [role, 'auditor']);
    expect(status).toBe(200);
    const { user } = body.data;
    expect(user.roles).toEqual(['auditor', role, 'user'].toSorted());
    expect(headers.get('etag')).not.toBe(before.headers.get('etag'));
    const after = await read();
    expect(after.headers.get('etag')).toBe(headers.get('etag'));
    expect(after.body.data.user).toEqual(user);
    expect(user.updatedAt > before.body.data.user.updatedAt).toBe(true);
    expect((await assign(admin, [])).body.data.user.roles).toEqual(['user']);
  });

  it.each([[['auditor', 'user']], [['user', 'auditor']], [['auditor']]])(
    'changes nothing when the user already holds the roles: %j',
    async (roles) => {
      await assign(admin, ['auditor']);
      const before = await read();
      const { status, headers, body } = await assign(admin, roles);
      expect(status).toBe(200);
      expect(headers.get('etag')).toBe(before.headers.get('etag'));
      expect(body.data.user).toEqual(before.body.data.user);
    },
  );

  it('takes effect at once for tokens that are already issued, when a role is added and when it is removed', async () => {
    const others = [ada, await login(test.api, account)];
    const tries = async () =>
      Promise.all(others.map(async ({ token }) => (await test.api.get('/users', { token })).status));
    expect(await tries()).toEqual([403, 403]);
    await assign(admin, ['auditor']);
    expect(await tries()).toEqual([200, 200]);
    await assign(admin, []);
    expect(await tries()).toEqual([403, 403]);
    for (const { refreshToken } of others) {
      expect((await test.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
    }
  });

  it('honours If-Match', async () => {
    const stale = { status: 412, code: 'PRECONDITION_FAILED' };
    const { headers } = await read();
    expectFailure(await assign(admin, ['auditor'], ada.user.id, { 'if-match': '"other"' }), stale);
    expect(await rolesOf()).toEqual(['user']);
    expect((await assign(admin, ['auditor'], ada.user.id, { 'if-match': headers.get('etag') })).status).toBe(200);
  });

  it.each([
    ['an unknown role', ['auditor', 'unknown-role']],
    ['a role in another letter case', ['Auditor']],
    ['a role twice', ['auditor', 'auditor']],
    ['101 roles', Array.from({ length: 101 }, (_, index) => `role-${index}`)],
    ['a string', 'auditor'],
    ['null', null],
    ['nothing', undefined],
    ['an object', { 0: 'auditor' }],
    ['a number among them', ['auditor', 1]],
    ['a list among them', ['auditor', ['admin']]],
    ['an empty name', ['']],
    ['the name of an object property', ['constructor']],
  ])('answers 400 to %s', async (_, roles) => {
    expectInvalid(await assign(admin, roles), 'roles');
    expect(await rolesOf()).toEqual(['user']);
  });

  it('answers 403 without roles:assign, whatever the target and the body', async () => {
    const refusals: ApiAnswer[] = [];
    for (const id of [ada.user.id, admin.user.id, 'me', randomUUID(), 'nonsense']) {
      for (const roles of [['admin'], 'nonsense']) refusals.push(await assign(ada, roles, id));
    }
    for (const refusal of refusals) expectFailure(refusal, FORBIDDEN);
    expect(new Set(refusals.map((refusal) => JSON.stringify(sameForAll(refusal)))).size).toBe(1);
    expect(await rolesOf()).toEqual(['user']);
  });

  it('answers an admin 404 for an unknown or deleted user and 400 for a malformed id', async () => {
    expectFailure(await assign(admin, [], randomUUID()), NO_USER);
    expectInvalid(await assign(admin, [], 'nonsense'), 'id');
    await test.api.delete('/users/me', { token: ada.token });
    expectFailure(await assign(admin, ['auditor']), NO_USER);
  });
});

describe('A user with some permissions', () => {
  it('cannot grant a permission that they lack, to others or to themselves', async () => {
    const [weaker, other] = [await createRole(test, ['users:read']), await createRole(test, ['users:create'])];
    for (const id of [ada.user.id, clerk.user.id, 'me']) {
      for (const roles of [['admin'], ['auditor'], [other], [weaker, other], ['admin', 'unknown-role']]) {
        expectFailure(await assign(clerk, roles, id), FORBIDDEN);
      }
    }
    expect(await rolesOf()).toEqual(['user']);
    expect((await assign(clerk, [weaker])).status).toBe(200);
    expect((await assign(clerk, [])).status).toBe(200);
  });

  it('cannot assign a role that has gained a permission that they lack', async () => {
    const role = await createRole(test, ['users:read']);
    await test.api.patch(`/roles/${role}`, { permissions: ['users:create'] }, { token: admin.token });
    expectFailure(await assign(clerk, [role]), FORBIDDEN);
  });

  it('cannot administer a user who holds a permission that they lack', async () => {
    const boss = await register(test.api, newAccount());
    await setRoles(test, boss.user.id, ['auditor']);
    const { id } = boss.user;
    const { token } = clerk;
    const before = await read(id);
    for (const attempt of [
      () => assign(clerk, [], id),
      () => test.api.patch(`/users/${id}`, { email: newAccount().email }, { token }),
      () => test.api.patch(`/users/${id}`, { bio: 'x' }, { token, headers: { 'if-match': '"other"' } }),
      () => test.api.delete(`/users/${id}`, { token }),
      () => test.api.put(`/users/${id}/status`, { status: 'suspended' }, { token }),
      () => test.api.post(`/users/${id}/email-verification`, undefined, { token }),
      () => test.api.post(`/users/${id}/password-reset`, undefined, { token }),
      () => test.api.post(`/users/${id}/restore`, undefined, { token }),
    ]) {
      expectFailure(await attempt(), FORBIDDEN);
    }
    expect((await read(id)).body).toEqual(before.body);
    await test.api.delete('/users/me', { token: boss.token });
    expectFailure(await test.api.post(`/users/${id}/restore`, undefined, { token }), FORBIDDEN);
    expect((await test.api.patch(`/users/${ada.user.id}`, { bio: 'x' }, { token })).status).toBe(200);
  });

  it('can administer themselves and give up their own roles', async () => {
    const { token } = clerk;
    expect((await test.api.patch('/users/me', { bio: 'x' }, { token })).status).toBe(200);
    const leaver = await holderOf(test, ['roles:assign']);
    expect((await assign(leaver, [], 'me')).body.data.user.roles).toEqual(['user']);
    expectFailure(await assign(leaver, [], 'me'), FORBIDDEN);
  });
});

describe('The last active admin', () => {
  it('cannot be demoted, suspended, deactivated or deleted', async () => {
    const { token } = admin;
    for (const id of ['me', admin.user.id]) {
      expectFailure(await assign(admin, ['auditor'], id), LAST_ADMIN);
      for (const status of ['suspended', 'inactive']) {
        expectFailure(await test.api.put(`/users/${id}/status`, { status }, { token }), LAST_ADMIN);
      }
      expectFailure(await test.api.delete(`/users/${id}`, { token }), LAST_ADMIN);
    }
    expect((await login(test.api, ADMIN)).user).toMatchObject({ roles: ['admin', 'user'] });
    expect((await test.api.get('/users', { token })).status).toBe(200);
  });

  it('may be given other roles and lose them again', async () => {
    expect((await assign(admin, ['admin', 'auditor'], 'me')).status).toBe(200);
    expect((await assign(admin, ['admin'], 'me')).status).toBe(200);
  });

  it('must stay while the only other admin is suspended, and may leave once that admin is active', async () => {
    await makeAdmin(test, ada.user.id);
    await setStatus(test, ada.user.id, 'suspended');
    expectFailure(await assign(admin, [], 'me'), LAST_ADMIN);
    await setStatus(test, ada.user.id, 'active');
    ada = await login(test.api, account);
    const suspended = await test.api.put('/users/me/status', { status: 'suspended' }, { token: admin.token });
    expect(suspended.status).toBe(200);
    expectFailure(await assign(ada, [], 'me'), LAST_ADMIN);
    const activate = { status: 'active' };
    await test.api.put(`/users/${admin.user.id}/status`, activate, { token: ada.token });
    admin = await test.admin();
    expect((await test.api.delete(`/users/${ada.user.id}`, { token: admin.token })).status).toBe(204);
  });
});
