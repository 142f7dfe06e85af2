import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { attribute, defineExtension, startApp } from '../../src/core/index.js';
import { declarations } from '../../src/app.js';
import { attributeIndexSql } from '../../src/platform/extensions/index.js';
import { describeApi } from '../../src/platform/openapi/index.js';
import { openDriver } from '../../src/platform/postgres/index.js';
import { createStores, type Stores, type TestApp } from '../../src/testing/index.js';
import { login, register } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';

const attributes = {
  department: attribute.string({
    max: 50,
    searchable: true,
    readableBy: 'self',
    writableBy: 'users:update',
    claim: 'dep',
  }),
  badge: attribute.integer({ min: 1, max: 9_999, unique: true, readableBy: ['self', 'users:read'] }),
  nickname: attribute.string({ max: 20, readableBy: ['self', 'users:read'], writableBy: ['self', 'users:update'] }),
  remote: attribute.boolean({ searchable: true, readableBy: 'users:read' }),
  hiredOn: attribute.date(),
  grade: attribute.enumeration({ values: ['junior', 'senior'], searchable: true }),
  salary: attribute.integer({ readableBy: 'roles:manage', writableBy: 'roles:manage' }),
};
const staff = defineExtension({ name: 'staff', api: '^1.0.0', attributes });

let stores: Stores;
let test: TestApp;
let admin: Session;
let ada: Session;
beforeAll(async () => {
  stores = await createStores();
});
afterAll(async () => {
  await test.close();
  await stores.remove();
});

const all = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`staff.${name}`, value]));
const patch = (id: string, values: Record<string, unknown>, { token }: Session = admin) =>
  test.api.patch(`/users/${id}`, { attributes: all(values) }, { token });
const names = async (query: string, { token }: Session = admin) => {
  const { body } = await test.api.get(`/users?${query}`, { token });
  return body.data.users.map(({ id }: { id: string }) => id);
};

it('stop the start without the indexes that they need, with a line for each that says what to do', async () => {
  const failed = startApp(stores, { extensions: [staff] });
  await expect(failed).rejects.toThrow(
    'Extension staff: the attribute badge needs the index ext_staff_badge_key: run "npm run uma -- migrate:new staff add_badge", then "npm run migrate".',
  );
  await expect(failed).rejects.toThrow('the index ext_staff_department_idx');
  const driver = await openDriver(loadConfig(stores.env).database);
  for (const [name, definition] of Object.entries(attributes)) {
    const sql = definition.unique || definition.searchable ? attributeIndexSql('staff', name, definition) : '';
    // Each by itself, as a concurrent index needs it.
    for (const statement of sql.split(/;$/m)) {
      await driver.withConnection((connection) => connection.execute(statement));
    }
  }
  await driver.close();
  test = await startApp(stores, { extensions: [staff] });
  admin = await test.admin();
  ada = await register(test.api, newAccount());
});

it('stop the start where their rights name no permission, and so does a permission that the core has', async () => {
  const odd = { code: attribute.string({ max: 5, readableBy: ['self', 'users:raed'], writableBy: 'staff:write' }) };
  const misnamed = defineExtension({ name: 'misnamed', api: '*', attributes: odd });
  await expect(startApp(undefined, { extensions: [misnamed] })).rejects.toThrow(
    'Extension misnamed: the attribute code names users:raed, which is no permission.\n' +
      'Extension misnamed: the attribute code names staff:write, which is no permission.',
  );
  const greedy = defineExtension({ name: 'greedy', api: '*', permissions: { 'users:read': 'Read' } });
  await expect(startApp(undefined, { extensions: [greedy] })).rejects.toThrow(
    'Extension greedy: the permission users:read is taken by the core.',
  );
});

describe('Attributes', () => {
  it('are null where unset, and shown to those who may read them', async () => {
    const own = { department: null, badge: null, nickname: null, hiredOn: null, grade: null };
    expect(ada.user).toMatchObject({ attributes: all(own) });
    const mine = await test.api.get('/users/me', { token: ada.token });
    expect(mine.body.data.user.attributes).toEqual(all(own));
    const seen = await test.api.get(`/users/${ada.user.id}`, { token: admin.token });
    expect(Object.keys(seen.body.data.user.attributes).toSorted()).toEqual([
      'staff.badge',
      'staff.grade',
      'staff.hiredOn',
      'staff.nickname',
      'staff.remote',
      'staff.salary',
    ]);
  });

  it('are merged key by key by an update, which moves the version and the ETag, and unset by null', async () => {
    const { id } = ada.user;
    const before = await test.api.get(`/users/${id}`, { token: admin.token });
    const set = await patch(id, { department: 'R&D', badge: 7, remote: true, hiredOn: '2024-02-29', grade: 'senior' });
    expect(set).toMatchObject({
      status: 200,
      body: { data: { user: { attributes: all({ badge: 7, remote: true }) } } },
    });
    expect(set.headers.get('etag')).not.toBe(before.headers.get('etag'));
    await patch(id, { remote: null, nickname: 'Cafe\u0301' });
    const { body } = await test.api.get('/users/me', { token: ada.token });
    expect(body.data.user.attributes).toEqual(
      all({ department: 'R&D', badge: 7, nickname: 'Caf\u00e9', hiredOn: '2024-02-29', grade: 'senior' }),
    );
  });

  it('give each caller who sees other ones an ETag of their own, which their If-Match takes and others’ does not', async () => {
    const { id } = ada.user;
    const path = `/users/${id}`;
    const tagOf = async ({ token }: Session) => (await test.api.get(path, { token })).headers.get('etag') ?? '';
    const [own, seen] = [await tagOf(ada), await tagOf(admin)];
    expect(own).not.toBe(seen);
    expect(await tagOf(ada)).toBe(own);
    const change = (tag: string, { token }: Session) =>
      test.api.patch(path, { bio: 'New' }, { token, headers: { 'if-match': tag } });
    expect((await change(seen, ada)).status).toBe(412);
    const changed = await change(own, ada);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe(await tagOf(ada));
    expect((await change(await tagOf(admin), admin)).status).toBe(200);
    const headers = { 'if-none-match': await tagOf(ada) };
    expect((await test.api.get(path, { token: ada.token, headers })).status).toBe(304);
    expect((await test.api.get(path, { token: admin.token, headers })).status).toBe(200);
  });

  it.each([
    [{ department: 'x'.repeat(51) }, 'max_length'],
    [{ department: '' }, 'min_length'],
    [{ department: 5 }, 'type'],
    [{ badge: 0 }, 'minimum'],
    [{ badge: 10_000 }, 'maximum'],
    [{ badge: 1.5 }, 'type'],
    [{ badge: '7' }, 'type'],
    [{ remote: 'true' }, 'type'],
    [{ hiredOn: '2023-02-29' }, 'format'],
    [{ grade: 'chief' }, 'not_allowed'],
    [{ grade: ['senior'] }, 'not_allowed'],
    [{ height: 5 }, 'unknown_field'],
    [{ toString: 'x' }, 'unknown_field'],
  ])('refuse %j with 400 %s that names it, and change nothing', async (values, rule) => {
    const [name] = Object.keys(values);
    const answer = await patch(ada.user.id, { ...values, nickname: 'changed' });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: [{ field: `attributes.staff.${name}`, rule }] } },
    });
    const { body } = await test.api.get('/users/me', { token: ada.token });
    expect(body.data.user.attributes['staff.nickname']).toBe('Caf\u00e9');
  });

  it.each([[[]], ['text'], [5], [null]])('are an object, and not %j', async (value) => {
    const answer = await test.api.patch('/users/me', { attributes: value }, { token: ada.token });
    expect(answer).toMatchObject({ status: 400, body: { error: { details: [{ field: 'attributes' }] } } });
  });

  it('need something in them', async () => {
    expect((await test.api.patch('/users/me', { attributes: {} }, { token: ada.token })).status).toBe(400);
  });

  it('can be set by those who may write them alone', async () => {
    expect((await patch('me', { nickname: 'Countess' }, ada)).status).toBe(200);
    expect(await patch('me', { department: 'Board' }, ada)).toMatchObject({
      status: 400,
      body: { error: { details: [{ field: 'attributes.staff.department', rule: 'not_allowed' }] } },
    });
    const account = newAccount();
    const registered = await test.api.post('/users', { ...account, attributes: all({ nickname: 'Bob' }) });
    expect(registered.body.data.user.attributes).toMatchObject(all({ nickname: 'Bob', department: null }));
    const greedy = await test.api.post('/users', { ...newAccount(), attributes: all({ salary: 1_000_000 }) });
    expect(greedy.status).toBe(400);
    const hired = await test.api.post(
      '/users',
      { ...newAccount(), attributes: all({ department: 'Sales', salary: 5 }) },
      { token: admin.token },
    );
    expect(hired.body.data.user.attributes).toMatchObject(all({ salary: 5 }));
  });

  it('filter lists where they are searchable and the caller may read them', async () => {
    expect(await names('attributes.staff.grade=senior')).toEqual([ada.user.id]);
    expect(await names('attributes.staff.grade=junior')).toEqual([]);
    await patch(ada.user.id, { remote: true });
    expect(await names('attributes.staff.remote=true&attributes.staff.grade=senior')).toEqual([ada.user.id]);
    expect(await names('attributes.staff.remote=false')).toEqual([]);
    for (const query of [
      'attributes.staff.department=Sales', // readable by self alone
      'attributes.staff.salary=5', // not searchable
      'attributes.staff.height=5',
      'attributes.toString=x',
      'attributes.__proto__=x',
      'attributes.staff.remote=yes',
      'attributes=x',
      'attributes.staff.grade=senior&attributes.staff.grade=senior',
    ]) {
      expect((await test.api.get(`/users?${query}`, { token: admin.token })).status).toBe(400);
    }
  });

  it('are unique where they say so: 409 names it, a deletion frees it, and a restore that finds it taken is 409', async () => {
    const bob = await register(test.api, newAccount());
    expect(await patch(bob.user.id, { badge: 7 })).toMatchObject({
      status: 409,
      body: { error: { code: 'DUPLICATE_RESOURCE', details: [{ field: 'attributes.staff.badge', rule: 'taken' }] } },
    });
    await patch(bob.user.id, { badge: 8 });
    await test.api.delete(`/users/${bob.user.id}`, { token: admin.token });
    const eve = await register(test.api, newAccount());
    expect((await patch(eve.user.id, { badge: 8 })).status).toBe(200);
    const restored = await test.api.post(`/users/${bob.user.id}/restore`, {}, { token: admin.token });
    expect(restored).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
  });

  it('stand in the audit log under their name', async () => {
    const { body } = await test.api.get(`/audit-logs?action=user.updated&targetId=${ada.user.id}`, {
      token: admin.token,
    });
    const changes = body.data.auditLogs.map((entry: { changes: object }) => entry.changes);
    expect(changes).toContainEqual({ 'attributes.staff.remote': { before: null, after: true } });
    expect(changes).toContainEqual(
      expect.objectContaining({ 'attributes.staff.department': { before: null, after: 'R&D' } }),
    );
  });

  it("are left out of a user's own history where the user may not read them", async () => {
    const { user, token } = await register(test.api, newAccount());
    await patch(user.id, { salary: 5, department: 'R&D' });
    const { body } = await test.api.get('/users/me/audit-logs', { token });
    const entry = body.data.auditLogs.find(({ action }: { action: string }) => action === 'user.updated');
    expect(entry.changes).toEqual({ 'attributes.staff.department': { before: null, after: 'R&D' } });
  });

  it('are in access tokens where they name a claim', async () => {
    const account = newAccount();
    const { user } = await register(test.api, account);
    await patch(user.id, { department: 'R&D' });
    const { token } = await login(test.api, account);
    const claims: Record<string, unknown> = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims['staff.dep']).toBe('R&D');
  });

  it('are in the API description, as filters too', async () => {
    const description = await describeApi(test.app, declarations(test.app));
    const schemas = description.components?.schemas ?? {};
    for (const name of ['UserResponse', 'CreateUserRequest', 'UpdateUserRequest']) {
      expect(schemas[name]).toMatchObject({
        properties: {
          attributes: { properties: { 'staff.badge': { type: ['integer', 'null'], minimum: 1, maximum: 9_999 } } },
        },
      });
    }
    const parameters = description.paths['/api/v1/users']?.get?.parameters ?? [];
    const filters = parameters.map((parameter) => ('name' in parameter ? parameter.name : ''));
    expect(filters.filter((name) => name.startsWith('attributes.'))).toEqual([
      'attributes.staff.department',
      'attributes.staff.remote',
      'attributes.staff.grade',
    ]);
  });

  it('are left out where no extension declares any, and unknown in requests', async () => {
    const plain = await startApp();
    const { token, user } = await register(plain.api, newAccount());
    expect(user).not.toHaveProperty('attributes');
    for (const answer of [
      await plain.api.patch('/users/me', { attributes: {} }, { token }),
      await plain.api.post('/users', { ...newAccount(), attributes: {} }),
      await plain.api.get('/users?attributes.staff.grade=senior', { token: (await plain.admin()).token }),
    ]) {
      expect(answer).toMatchObject({
        status: 400,
        body: { error: { details: [{ field: 'attributes', rule: 'unknown_field' }] } },
      });
    }
    await plain.close();
  });
});
