import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, setRoles } from '../support/accounts.js';
import { CONFLICT, expectFailure, expectInvalid, FORBIDDEN, sameForAll } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, newRoleName, type Session } from '../support/factories.js';

const NOT_FOUND = { status: 404, code: 'RESOURCE_NOT_FOUND', message: 'Role not found' };
const PERMISSIONS = [
  'audit:read',
  'roles:assign',
  'roles:manage',
  'roles:read',
  'sessions:manage',
  'users:create',
  'users:delete',
  'users:read',
  'users:update',
];

let test: TestApp;
let admin: Session;
/** May read and manage roles, and also holds users:read. */
let manager: Session;
let user: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
  manager = await holderOf(test, ['roles:read', 'roles:manage', 'users:read']);
  user = await register(test.api, newAccount());
});
afterAll(() => test.close());

const read = (name: string, by = admin) => test.api.get(`/roles/${name}`, { token: by.token });
const create = (body: unknown, by = admin) => test.api.post('/roles', body, { token: by.token });
const update = (name: string, body: unknown, by = admin) => test.api.patch(`/roles/${name}`, body, { token: by.token });
const remove = (name: string, by = admin) => test.api.delete(`/roles/${name}`, { token: by.token });

async function expectUnchanged(name: string, request: () => Promise<ApiAnswer>, failure: typeof CONFLICT) {
  const before = await read(name);
  expectFailure(await request(), failure);
  expect((await read(name)).body).toEqual(before.body);
}

describe('GET /permissions', () => {
  it('lists every permission with its description, sorted by name', async () => {
    const { status, body } = await test.api.get('/permissions', { token: manager.token });
    expect(status).toBe(200);
    const { permissions } = body.data;
    expect(permissions.map(({ name }: { name: string }) => name)).toEqual(PERMISSIONS);
    expect(permissions).toContainEqual({ name: 'audit:read', description: 'Read the audit log' });
  });
});

describe('GET /roles', () => {
  it('lists all roles, sorted by name, and the built-in ones with their permissions', async () => {
    const { status, body } = await test.api.get('/roles', { token: manager.token });
    expect(status).toBe(200);
    const roles: { name: string; builtIn: boolean }[] = body.data.roles;
    expect(roles.map(({ name }) => name)).toEqual(roles.map(({ name }) => name).toSorted());
    expect(roles.filter(({ builtIn }) => builtIn)).toEqual([
      { name: 'admin', description: 'Every permission', permissions: PERMISSIONS, builtIn: true },
      {
        name: 'auditor',
        description: 'Reads users and the audit log',
        permissions: ['audit:read', 'users:read'],
        builtIn: true,
      },
      { name: 'user', description: 'Every user has it', permissions: [], builtIn: true },
    ]);
  });

  it('returns a role by its name, and 404 for an unknown name', async () => {
    const { status, body } = await read('auditor', manager);
    expect(status).toBe(200);
    expect(body.data.role).toMatchObject({ name: 'auditor', permissions: ['audit:read', 'users:read'] });
    expectFailure(await read('unknown-role'), NOT_FOUND);
  });

  it.each(['Admin', 'a', '-a', '1a', 'a_b', 'a'.repeat(51), '%00', '%zz', 'a%20b', 'ä-role'])(
    'answers 400 to %s, which is not a valid role name',
    async (name) => {
      for (const answer of [await read(name), await update(name, { description: 'x' }), await remove(name)]) {
        expectInvalid(answer, 'name');
      }
    },
  );
});

describe('Roles', () => {
  it('need roles:read or roles:manage, and answer 403 without it whether or not the role exists', async () => {
    const requests = (by: Session) => [
      () => test.api.get('/permissions', { token: by.token }),
      () => test.api.get('/roles', { token: by.token }),
      () => create({ name: 'nonsense name' }, by),
      ...['admin', 'unknown-role', 'NO-NAME'].flatMap((name) => [
        () => read(name, by),
        () => update(name, {}, by),
        () => remove(name, by),
      ]),
    ];
    const refusals = await Promise.all(requests(user).map((send) => send()));
    for (const refusal of refusals) expectFailure(refusal, FORBIDDEN);
    expect(new Set(refusals.map((refusal) => JSON.stringify(sameForAll(refusal)))).size).toBe(1);
    const reader = await holderOf(test, ['roles:read']);
    expect((await read('admin', reader)).status).toBe(200);
    expectFailure(await create({ name: newRoleName() }, reader), FORBIDDEN);
    expectFailure(await remove('admin', reader), FORBIDDEN);
  });
});

describe('POST /roles', () => {
  it('creates a role and sorts its permissions', async () => {
    const name = newRoleName();
    const permissions = ['users:update', 'users:read'];
    const { status, headers, body } = await create({ name, description: 'Answers the phone', permissions });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/v1/roles/${name}`);
    const role = { name, description: 'Answers the phone', permissions: permissions.toSorted(), builtIn: false };
    expect(body).toEqual({ success: true, data: { role } });
    expect((await read(name)).body.data.role).toEqual(role);
  });

  it('needs only a name', async () => {
    const name = newRoleName();
    const { body } = await create({ name });
    expect(body.data.role).toEqual({ name, description: null, permissions: [], builtIn: false });
  });

  it.each(['admin', 'user', 'auditor'])('answers 409 to the name %s, which is taken', async (name) => {
    await expectUnchanged(name, () => create({ name, permissions: [] }), CONFLICT);
  });

  it.each([
    ['name', { name: 'A-role' }],
    ['name', { name: 'a' }],
    ['name', { name: 'a'.repeat(51) }],
    ['name', { name: '__proto__' }],
    ['name', { name: ['support'] }],
    ['name', { name: null }],
    ['name', { name: 'support\n' }],
    ['name', {}],
    ['description', { name: 'refused', description: '💥'.repeat(256) }],
    ['description', { name: 'refused', description: 7 }],
    ['permissions', { name: 'refused', permissions: 'users:read' }],
    ['permissions', { name: 'refused', permissions: null }],
    ['permissions', { name: 'refused', permissions: { 0: 'users:read' } }],
    ['permissions', { name: 'refused', permissions: ['users:read', 'users:read'] }],
    ['permissions', { name: 'refused', permissions: ['users:read', 'users:*'] }],
    ['permissions', { name: 'refused', permissions: ['users:read', ['users:update']] }],
    ['permissions', { name: 'refused', permissions: ['constructor'] }],
    ['builtIn', { name: 'refused', builtIn: true }],
  ])('answers 400 to a wrong %s: %j', async (field, body) => {
    expectInvalid(await create(body), field);
    expectFailure(await read('refused'), NOT_FOUND);
  });

  it('accepts a name of 50 characters and a description of 255 emoji', async () => {
    const name = `a${newRoleName()}`.padEnd(50, 'z');
    const description = '💥'.repeat(255);
    expect((await create({ name, description })).body.data.role).toMatchObject({ name, description });
  });

  it('refuses a permission that the creator lacks, and one that does not exist', async () => {
    const name = newRoleName();
    for (const permissions of [['users:delete'], ['users:read', 'users:delete'], ['users:delete', 'no:such']]) {
      expectFailure(await create({ name, permissions }, manager), FORBIDDEN);
    }
    expectInvalid(await create({ name, permissions: ['users:read', 'no:such'] }, manager), 'permissions');
    expectFailure(await read(name), NOT_FOUND);
    expect((await create({ name, permissions: ['users:read'] }, manager)).status).toBe(201);
  });
});

describe('PATCH /roles/:name', () => {
  it('changes the fields that are sent and leaves the rest', async () => {
    const name = await createRole(test, ['users:read']);
    const described = await update(name, { description: 'Reads' });
    expect(described.status).toBe(200);
    expect(described.body.data.role).toEqual({
      name,
      description: 'Reads',
      permissions: ['users:read'],
      builtIn: false,
    });
    const emptied = await update(name, { permissions: [] });
    expect(emptied.body.data.role).toMatchObject({ description: 'Reads', permissions: [] });
    expect((await update(name, { description: null })).body.data.role.description).toBeNull();
  });

  it.each([
    ['body', {}],
    ['name', { name: 'other-name' }],
    ['builtIn', { description: 'x', builtIn: true }],
    ['permissions', { permissions: ['no:such'] }],
    ['permissions', { permissions: null }],
    ['description', { description: 'x'.repeat(256) }],
  ])('answers 400 to a wrong %s: %j', async (field, body) => {
    const name = await createRole(test, ['users:read']);
    const before = await read(name);
    expectInvalid(await update(name, body), field);
    expect((await read(name)).body).toEqual(before.body);
  });

  it('answers 404 for an unknown role and 409 for a built-in role', async () => {
    expectFailure(await update('unknown-role', { description: 'x' }), NOT_FOUND);
    for (const name of ['admin', 'auditor', 'user']) {
      await expectUnchanged(name, () => update(name, { permissions: [] }), CONFLICT);
    }
  });

  it('needs every permission that the role holds, before and after the change', async () => {
    const name = await createRole(test, ['users:read', 'users:delete']);
    await expectUnchanged(name, () => update(name, { permissions: [] }, manager), FORBIDDEN);
    await expectUnchanged(name, () => update(name, { description: 'Mine' }, manager), FORBIDDEN);
    const own = await createRole(test, ['users:read']);
    await expectUnchanged(own, () => update(own, { permissions: ['users:delete'] }, manager), FORBIDDEN);
    expect((await update(own, { permissions: ['roles:read', 'users:read'] }, manager)).status).toBe(200);
  });

  it('takes effect at once for tokens that are already issued', async () => {
    const name = await createRole(test, ['roles:read']);
    const holder = await register(test.api, newAccount());
    await setRoles(test, holder.user.id, [name]);
    const tries = async () => [
      (await test.api.get('/roles', { token: holder.token })).status,
      (await test.api.get('/users', { token: holder.token })).status,
    ];
    expect(await tries()).toEqual([200, 403]);
    await update(name, { permissions: ['users:read'] });
    expect(await tries()).toEqual([403, 200]);
    await update(name, { permissions: [] });
    expect(await tries()).toEqual([403, 403]);
  });
});

describe('DELETE /roles/:name', () => {
  it('answers an empty 204, and frees the name for a new role', async () => {
    const name = await createRole(test, ['users:read']);
    const { status, text } = await remove(name);
    expect({ status, text }).toEqual({ status: 204, text: '' });
    for (const answer of [await read(name), await remove(name)]) expectFailure(answer, NOT_FOUND);
    expect((await create({ name })).status).toBe(201);
  });

  it('answers 409 for a built-in role and for a role that a user holds', async () => {
    for (const name of ['admin', 'auditor', 'user']) await expectUnchanged(name, () => remove(name), CONFLICT);
    const name = await createRole(test, []);
    await setRoles(test, user.user.id, [name]);
    await expectUnchanged(name, () => remove(name), CONFLICT);
    await setRoles(test, user.user.id, []);
    expect((await remove(name)).status).toBe(204);
  });

  it('needs every permission that the role holds', async () => {
    const name = await createRole(test, ['users:delete']);
    await expectUnchanged(name, () => remove(name, manager), FORBIDDEN);
    expect((await remove(await createRole(test, ['users:read']), manager)).status).toBe(204);
  });

  it('removes the role from deleted users too: when restored, they hold neither it nor a new role of that name', async () => {
    const name = await createRole(test, ['users:read']);
    const leaver = await register(test.api, newAccount());
    await setRoles(test, leaver.user.id, [name]);
    await test.api.delete('/users/me', { token: leaver.token });
    expect((await remove(name)).status).toBe(204);
    await create({ name, permissions: PERMISSIONS });
    const { body } = await test.api.post(`/users/${leaver.user.id}/restore`, undefined, { token: admin.token });
    expect(body.data.user.roles).toEqual(['user']);
    expect((await remove(name)).status).toBe(204);
  });
});
