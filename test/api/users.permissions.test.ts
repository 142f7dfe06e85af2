import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, setRoles } from '../support/accounts.js';
import { expectFailure, FORBIDDEN, NO_USER } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';

describe('GET /users/:id/permissions', () => {
  let test: TestApp;
  let admin: Session;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const permissions = (by: Session, id = 'me') => test.api.get(`/users/${id}/permissions`, { token: by.token });

  it('answers a user without permissions of their own', async () => {
    const { status, body } = await permissions(ada);
    expect({ status, body }).toEqual({
      status: 200,
      body: { success: true, data: { roles: ['user'], permissions: [] } },
    });
  });

  it('answers every permission to an admin', async () => {
    const { body } = await test.api.get('/permissions', { token: admin.token });
    const all = body.data.permissions.map(({ name }: { name: string }) => name);
    expect((await permissions(admin)).body.data).toEqual({ roles: ['admin', 'user'], permissions: all.toSorted() });
  });

  it('joins what the roles hold, sorted and each once, as soon as they are assigned or change', async () => {
    const writer = await createRole(test, ['users:update', 'users:read']);
    const holder = await register(test.api, newAccount());
    await setRoles(test, holder.user.id, ['auditor', writer]);
    const expected = { roles: ['auditor', 'user', writer].toSorted() };
    expect((await permissions(holder)).body.data).toEqual({
      ...expected,
      permissions: ['audit:read', 'users:read', 'users:update'],
    });
    await test.api.patch(`/roles/${writer}`, { permissions: ['users:delete'] }, { token: admin.token });
    expect((await permissions(holder)).body.data).toEqual({
      ...expected,
      permissions: ['audit:read', 'users:delete', 'users:read'],
    });
  });

  it('shows another user to holders of users:read alone', async () => {
    const reader = await holderOf(test, ['users:read']);
    const clerk = await holderOf(test, ['roles:assign', 'roles:read', 'users:update']);
    expect((await permissions(reader, ada.user.id)).body.data).toEqual({ roles: ['user'], permissions: [] });
    expectFailure(await permissions(clerk, ada.user.id), FORBIDDEN);
    expectFailure(await permissions(ada, admin.user.id), FORBIDDEN);
    expectFailure(await permissions(reader, '01890000-0000-7000-8000-000000000000'), NO_USER);
    expect((await test.api.get('/users/me/permissions')).status).toBe(401);
  });
});
