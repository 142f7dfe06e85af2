import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { ADMIN, newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { Random } from '../support/random.js';

/** `npm run drill -- access` takes more steps. */
const STEPS = Number(process.env['WALK_STEPS'] ?? 150);
const SEED = Number(process.env['WALK_SEED'] ?? 20_261_124);
const USERS = 10;
const ROLE_NAMES: [string, ...string[]] = ['helpdesk', 'editor', 'manager'];
const STATUSES: [string, ...string[]] = ['active', 'inactive', 'suspended'];

interface Person {
  readonly id: string;
  readonly username: string;
  password: string;
  token: string | undefined;
}

/** The permissions of every user, whatever their status, by user id; read from the store. */
type Holdings = ReadonlyMap<string, ReadonlySet<string>>;

describe('A random walk through the administration routes', () => {
  let test: TestApp;
  let prisma: PrismaService;
  let everyPermission: readonly [string, ...string[]];
  const random = new Random(SEED);
  const people: Person[] = [];
  const answered: Record<string, number> = {};
  beforeAll(async () => {
    test = await startApp();
    prisma = test.app.get(PrismaService);
    const { user, token } = await test.admin();
    people.push({ id: user.id, username: ADMIN.username, password: ADMIN.password, token });
    const { body } = await test.api.get('/permissions', { token });
    everyPermission = body.data.permissions.map(({ name }: { name: string }) => name);
    for (let count = 0; count < USERS; count += 1) {
      const account = newAccount();
      const created = await test.api.post('/users', account);
      const { id } = created.body.data.user;
      people.push({ id, username: account.username, password: account.password, token: undefined });
    }
    for (const name of ROLE_NAMES) {
      const permissions = everyPermission.filter(() => random.below(2) === 0);
      await test.api.post('/roles', { name, permissions }, { token });
    }
  });
  afterAll(async () => {
    await test.close();
    process.stderr.write(`Walk of ${STEPS} steps, seed ${SEED}: ${JSON.stringify(answered)}\n`);
  });

  /** Picks an active admin half of the time, so that enough steps succeed. */
  async function pickActor(): Promise<Person> {
    if (random.below(2) === 0) return anyPerson();
    const admins = await prisma.user.findMany({ where: { roles: { has: 'admin' }, status: 'active' } });
    const ids = admins.map(({ id }) => id).toSorted();
    const id = ids[random.below(ids.length)];
    return people.find((person) => person.id === id) ?? anyPerson();
  }

  const anyPerson = (): Person => random.pick(people as [Person, ...Person[]]);
  const roleName = () => random.pick<string>([...ROLE_NAMES, 'admin', 'auditor', 'user']);
  const somePermissions = () => everyPermission.filter(() => random.below(4) === 0);

  async function holdings(): Promise<Holdings> {
    const [users, roles] = await Promise.all([prisma.user.findMany(), prisma.role.findMany()]);
    const byName = new Map(
      roles.map(({ name, permissions }) => [name, name === 'admin' ? everyPermission : permissions]),
    );
    return new Map(users.map(({ id, roles: held }) => [id, new Set(held.flatMap((role) => byName.get(role) ?? []))]));
  }

  /** Logs in if the token no longer works; if that fails, the person acts with the old token, or with none. */
  async function tokenOf(person: Person): Promise<string | undefined> {
    const alive =
      person.token !== undefined && (await test.api.get('/users/me', { token: person.token })).status === 200;
    if (alive) return person.token;
    const { status, body } = await test.api.post('/auth/login', {
      username: person.username,
      password: person.password,
    });
    if (status === 200) person.token = body.data.accessToken;
    return person.token;
  }

  async function resetPassword(target: Person, token: string | undefined): Promise<ApiAnswer> {
    const issued = await test.api.post(`/users/${target.id}/password-reset`, undefined, { token });
    if (issued.status !== 201 || random.below(2) === 0) return issued;
    const newPassword = target.password === PASSWORD ? OTHER_PASSWORD : PASSWORD;
    const { resetToken } = issued.body.data;
    const answer = await test.api.post('/auth/reset-password', { resetToken, newPassword });
    if (answer.status === 200) target.password = newPassword;
    return answer;
  }

  function step(target: Person, token: string | undefined): Promise<ApiAnswer> {
    const { api } = test;
    const user = `/users/${random.below(8) === 0 ? 'me' : target.id}`;
    const roles = Array.from({ length: 1 + random.below(2) }, roleName).filter(
      (name, index, all) => all.indexOf(name) === index,
    );
    switch (random.below(11)) {
      case 0:
      case 1:
      case 2:
        return api.put(`${user}/roles`, { roles }, { token });
      case 3:
        return api.put(`${user}/status`, { status: random.pick(STATUSES), reason: 'A walk' }, { token });
      case 4:
        return api.delete(user, { token });
      case 5:
        return api.post(`/users/${target.id}/restore`, undefined, { token });
      case 6:
        return resetPassword(target, token);
      case 7:
        return api.patch(`/roles/${roleName()}`, { permissions: somePermissions() }, { token });
      case 8:
        return api.post('/roles', { name: random.pick(ROLE_NAMES), permissions: somePermissions() }, { token });
      case 9:
        return api.delete(`/roles/${roleName()}`, { token });
      default:
        return random.below(2) === 0
          ? api.post(`${user}/email-verification`, undefined, { token })
          : api.delete(`${user}/sessions`, { token });
    }
  }

  /** Fails if a user has gained a permission that the actor did not hold. */
  function expectNoEscalation(before: Holdings, after: Holdings, actor: Person, at: number): void {
    const held = before.get(actor.id) ?? new Set();
    for (const [id, permissions] of after) {
      const gained = [...permissions].filter((permission) => before.get(id)?.has(permission) !== true);
      const unheld = gained.filter((permission) => !held.has(permission));
      expect({ at, id, unheld }).toEqual({ at, id, unheld: [] });
    }
  }

  async function expectAnAdminCanLogIn(at: number): Promise<void> {
    const admin = await prisma.user.findFirst({ where: { roles: { has: 'admin' }, status: 'active' } });
    const person = people.find(({ id }) => id === admin?.id);
    const { status } = await test.api.post('/auth/login', { username: person?.username, password: person?.password });
    expect({ at, status }).toEqual({ at, status: 200 });
  }

  it(
    'never gives a user a permission that the actor lacks, and always leaves an admin who can log in',
    async () => {
      let before = await holdings();
      for (let at = 0; at < STEPS; at += 1) {
        const actor = await pickActor();
        const { status } = await step(anyPerson(), await tokenOf(actor));
        answered[status] = (answered[status] ?? 0) + 1;
        expect(status).toBeLessThan(500);
        const after = await holdings();
        expectNoEscalation(before, after, actor, at);
        await expectAnAdminCanLogIn(at);
        before = after;
      }
      for (const status of [200, 201, 204, 403, 409]) expect(answered[status]).toBeGreaterThan(STEPS / 100);
    },
    60_000 + STEPS * 300,
  );
});
