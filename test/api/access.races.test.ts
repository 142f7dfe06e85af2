import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, makeAdmin, setRoles } from '../support/accounts.js';
import { statusCounts } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

/** How often each race is run; `npm run drill -- access` runs more rounds. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 4);
const TIMEOUT_MS = 100_000 + ROUNDS * 5_000;

describe('Concurrent changes of access', () => {
  let test: TestApp;
  let admin: Session;
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
  });
  afterAll(() => test.close());

  const assign = (by: Session, id: string, roles: string[]) =>
    test.api.put(`/users/${id}/roles`, { roles }, { token: by.token });
  const read = (id: string) => test.api.get(`/users/${id}`, { token: admin.token });
  const readRole = (name: string) => test.api.get(`/roles/${name}`, { token: admin.token });

  /** Makes two admins, logs them in and demotes every other admin. */
  async function twoAdmins(): Promise<[Session, Session]> {
    const accounts = [newAccount(), newAccount()] as const;
    for (const account of accounts) await makeAdmin(test, (await register(test.api, account)).user.id);
    const [first, second] = [await login(test.api, accounts[0]), await login(test.api, accounts[1])];
    const { body } = await test.api.get('/users?role=admin&status=active', { token: first.token });
    const ids: string[] = body.data.users.map(({ id }: { id: string }) => id);
    for (const id of ids.filter((other) => other !== first.user.id && other !== second.user.id)) {
      expect((await assign(first, id, ['user'])).status).toBe(200);
    }
    return [first, second];
  }

  const DEPARTURES: [string, (by: Session, of: Session) => Promise<{ status: number }>][] = [
    ['demote', (by, of) => assign(by, of.user.id, [])],
    ['suspend', (by, of) => test.api.put(`/users/${of.user.id}/status`, { status: 'suspended' }, { token: by.token })],
    ['delete', (by, of) => test.api.delete(`/users/${of.user.id}`, { token: by.token })],
  ];

  it.each(DEPARTURES)(
    'keep exactly one admin when two admins %s each other',
    async (_, depart) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [first, second] = await twoAdmins();
        const answers = await Promise.all([depart(first, second), depart(second, first)]);
        const statuses = answers.map(({ status }) => status);
        // The other admin is refused: it is no admin any more (401, 403), or no admin would remain (409).
        expect(statuses.filter((status) => status < 300)).toHaveLength(1);
        expect([401, 403, 409]).toContain(statuses.find((status) => status >= 300));
        const left = statuses[0] === undefined || statuses[0] < 300 ? first : second;
        const { body } = await test.api.get('/users?role=admin&status=active', { token: left.token });
        expect(body.data.users).toEqual([expect.objectContaining({ id: left.user.id })]);
        await setAdminBack(left);
      }
    },
    TIMEOUT_MS,
  );

  /** The remaining admin gives the configured admin its role back. */
  async function setAdminBack(left: Session): Promise<void> {
    expect((await assign(left, admin.user.id, ['admin'])).status).toBe(200);
    admin = await test.admin();
  }

  it('keep exactly one admin when every admin demotes itself', async () => {
    const [first, second] = await twoAdmins();
    const answers = await Promise.all([first, second].map((session) => assign(session, session.user.id, [])));
    expect(statusCounts(answers)).toEqual({ 200: 1, 409: 1 });
    await setAdminBack(answers[0]?.status === 200 ? second : first);
  });

  it(
    'leave no user with a deleted role when the role is assigned during its deletion',
    async () => {
      const users = await inParallel(4, () => register(test.api, newAccount()));
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = await createRole(test, ['users:read']);
        const [deleted, ...assigned] = await Promise.all([
          test.api.delete(`/roles/${name}`, { token: admin.token }),
          ...users.map(({ user }) => assign(admin, user.id, [name])),
        ]);
        const holders = await inParallel(
          4,
          async (index) => (await read(users[index]?.user.id ?? '')).body.data.user.roles,
        );
        const there = deleted.status === 409;
        expect({ deleted: deleted.status, assigned: assigned.map(({ status }) => status), holders }).toEqual({
          deleted: there ? 409 : 204,
          assigned: users.map(() => (there ? 200 : 400)),
          holders: users.map(() => (there ? [name, 'user'].toSorted() : ['user'])),
        });
        expect((await readRole(name)).status).toBe(there ? 200 : 404);
        for (const { user } of users) await setRoles(test, user.id, []);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'leave no user with a deleted role when a holder is restored during its deletion',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = await createRole(test, ['users:read']);
        const { user, token } = await register(test.api, newAccount());
        await setRoles(test, user.id, [name]);
        await test.api.delete('/users/me', { token });
        const [deleted, restored] = await Promise.all([
          test.api.delete(`/roles/${name}`, { token: admin.token }),
          test.api.post(`/users/${user.id}/restore`, undefined, { token: admin.token }),
        ]);
        expect(restored.status).toBe(200);
        const there = (await readRole(name)).status === 200;
        expect(deleted.status).toBe(there ? 409 : 204);
        expect((await read(user.id)).body.data.user.roles).toEqual(there ? [name, 'user'].toSorted() : ['user']);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'let a clerk assign a role only before the role gains a permission that the clerk lacks',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [name, keys] = [await createRole(test, []), await createRole(test, ['roles:assign'])];
        const clerk = await register(test.api, newAccount());
        await setRoles(test, clerk.user.id, [keys]);
        const { user } = await register(test.api, newAccount());
        const [grown, assigned] = await Promise.all([
          test.api.patch(`/roles/${name}`, { permissions: ['users:read'] }, { token: admin.token }),
          assign(clerk, user.id, [name]),
        ]);
        expect(grown.status).toBe(200);
        expect([200, 403]).toContain(assigned.status);
        const { roles } = (await read(user.id)).body.data.user;
        expect(roles).toEqual(assigned.status === 200 ? [name, 'user'].toSorted() : ['user']);
      }
    },
    TIMEOUT_MS,
  );

  it('create one role when 8 requests ask for the same name', async () => {
    const name = `contested-${Date.now().toString(36)}`;
    const answers = await inParallel(8, () => test.api.post('/roles', { name }, { token: admin.token }));
    expect(statusCounts(answers)).toEqual({ 201: 1, 409: 7 });
  });

  it('cause no deadlock and no 500 when the roles of many users change in different orders', async () => {
    const names = [await createRole(test, []), await createRole(test, [])] as [string, string];
    const users = await inParallel(4, () => register(test.api, newAccount()));
    const answers = await inParallel(24, (index) => {
      const { user } = users[index % users.length] ?? admin;
      if (index % 6 === 5) return test.api.patch(`/roles/${names[0]}`, { description: 'x' }, { token: admin.token });
      if (index % 6 === 4) return test.api.delete(`/roles/${names[1]}`, { token: admin.token });
      return assign(admin, user.id, index % 2 === 0 ? ['admin', ...names] : names.toReversed());
    });
    for (const { status } of answers) expect([200, 204, 400, 404, 409]).toContain(status);
  });
});
