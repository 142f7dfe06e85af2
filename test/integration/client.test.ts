import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Client,
  ClientError,
  createClient,
  StorageError,
  UnauthorizedError,
} from '../../packages/client/src/index.js';
import { makeAdmin } from '../support/accounts.js';
import { startApp, type TestApp } from '../support/app.js';
import { expireAccessToken, MemoryStorage } from '../support/client-sessions.js';
import { ADMIN, newAccount, newRoleName, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { Relay } from '../support/relay.js';

describe('The client', () => {
  let test: TestApp;
  let relay: Relay;
  let storage: MemoryStorage;
  let client: Client;
  let account: ReturnType<typeof newAccount>;
  beforeAll(async () => {
    test = await startApp();
  });
  beforeEach(async () => {
    relay = await Relay.to(test.api.origin);
    storage = new MemoryStorage();
    client = createClient({ baseUrl: relay.url, storage });
    account = newAccount();
    await test.api.post('/users', account);
  });
  afterEach(() => relay.close());
  afterAll(() => test.close());

  const logIn = () => client.login({ email: account.email, password: PASSWORD });
  const logInAdmin = () => client.login({ username: ADMIN.username, password: ADMIN.password });

  it('logs in by email or username, reads and updates the user, and logs out', async () => {
    expect(await client.login({ username: account.username, password: PASSWORD })).toMatchObject({
      username: account.username,
    });
    expect(await logIn()).toMatchObject({ email: account.email });
    expect(await client.users.get('me')).toMatchObject({ username: account.username });
    const { user, etag } = await client.users.getWithETag('me');
    expect(await client.users.update('me', { bio: 'Writes.' }, { ifMatch: etag })).toEqual({
      ...user,
      bio: 'Writes.',
      updatedAt: expect.any(String),
    });
    await expect(client.users.update('me', { bio: 'From an old tab.' }, { ifMatch: etag })).rejects.toMatchObject({
      name: 'PreconditionFailedError',
      status: 412,
      code: 'PRECONDITION_FAILED',
    });
    await client.logout();
    expect(storage.content).toBe('');
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'UnauthorizedError', reason: 'no_token' });
    await client.logout();
  });

  it('finds the session that another client has stored, and tolerates a slash after the address', async () => {
    await logIn();
    const later = createClient({ baseUrl: `${relay.url}//`, storage: storage.copy() });
    expect(await later.users.get('me')).toMatchObject({ username: account.username });
  });

  it('works with a storage that returns promises', async () => {
    const asynchronous = {
      getItem: async (key: string) => storage.getItem(key),
      setItem: async (key: string, value: string) => storage.setItem(key, value),
      removeItem: async (key: string) => storage.removeItem(key),
    };
    client = createClient({ baseUrl: relay.url, storage: asynchronous });
    await logIn();
    expireAccessToken(storage);
    expect(await Promise.all([1, 2, 3].map(() => client.users.get('me')))).toHaveLength(3);
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
    await client.logout();
    expect(storage.content).toBe('');
  });

  it('lists users over cursors, and asks for no page that is not read', async () => {
    await logInAdmin();
    const username = `list${Date.now().toString(36)}`;
    for (let made = 0; made < 5; made += 1) {
      await client.users.create(newAccount({ username: `${username}x${made}`, firstName: username }));
    }
    const filters = { limit: 2, search: username, sortBy: 'username', sortOrder: 'asc' } as const;
    const listed: string[] = [];
    for await (const user of client.users.list(filters)) listed.push(user.username);
    expect(listed).toEqual([0, 1, 2, 3, 4].map((number) => `${username}x${number}`));
    expect(relay.of('GET /users?')).toHaveLength(3);

    client.users.list(filters);
    let read = 0;
    for await (const user of client.users.list(filters)) {
      read += 1;
      if (user.username === `${username}x1`) break;
    }
    expect(read).toBe(2);
    expect(relay.of('GET /users?')).toHaveLength(4);
  });

  it('administers users, roles and sessions', async () => {
    await logInAdmin();
    const { id } = await client.users.create(newAccount());
    const name = newRoleName();
    expect(await client.roles.create({ name, permissions: ['users:read'] })).toMatchObject({ builtIn: false });
    await expect(client.roles.create({ name, permissions: [] })).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await client.roles.update(name, { description: 'Reads' })).toMatchObject({ description: 'Reads' });
    expect(await client.roles.get(name)).toMatchObject({ name, permissions: ['users:read'] });
    expect((await client.roles.list()).map((role) => role.name)).toContain(name);
    expect((await client.permissions.list()).map((permission) => permission.name)).toContain('users:read');
    expect((await client.users.setRoles(id, [name])).roles).toEqual([name, 'user'].toSorted());
    expect(await client.users.permissions(id)).toMatchObject({ permissions: ['users:read'] });
    await client.users.setRoles(id, []);
    await client.roles.delete(name);
    expect(await client.users.setStatus(id, 'suspended', { reason: 'A test' })).toMatchObject({ isActive: false });
    expect(await client.users.setStatus(id, 'active')).toMatchObject({ isActive: true });
    expect(await client.users.markEmailVerified(id)).toMatchObject({ emailVerified: true });
    await client.users.delete(id);
    await expect(client.users.get(id)).rejects.toMatchObject({ name: 'NotFoundError', status: 404 });
    expect(await client.users.restore(id)).toMatchObject({ id, status: 'active' });

    await logIn();
    await logIn();
    const sessions = [];
    for await (const session of client.sessions.list('me')) sessions.push(session);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    const other = sessions.find(({ current }) => !current);
    await client.sessions.end('me', other?.id ?? '');
    await client.sessions.endOthers('me');
    await client.users.changePassword('me', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
    await expect(client.users.list().next()).rejects.toMatchObject({ name: 'ForbiddenError', status: 403 });
  });

  it('reads the audit log: pages, one entry, a history, the verification and the export', async () => {
    const { user } = (await test.api.post('/users', newAccount())).body.data;
    await makeAdmin(test, user.id);
    await logInAdmin();
    const [first] = await take(client.audit.list({ targetId: user.id, limit: 1 }), 10);
    expect(first).toMatchObject({ action: 'user.roles_changed', target: { id: user.id } });
    expect(await client.audit.get(first?.id ?? '')).toEqual(first);
    expect((await take(client.audit.history(user.id), 10)).map(({ action }) => action)).toContain('user.created');
    let checked = await client.audit.verify();
    while (checked.nextCursor !== null) checked = await client.audit.verify(checked.nextCursor);
    expect(checked.valid).toBe(true);
    const exported = await take(client.audit.export({ targetId: user.id }), 10);
    expect(exported.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['user.created', 'user.roles_changed']),
    );
    // Stopping early is no error.
    expect(await take(client.audit.export(), 1)).toHaveLength(1);
  });

  it("redeems an operator's password reset, and reports the health of the server", async () => {
    await logInAdmin();
    const { id } = await client.users.create(newAccount());
    const { resetToken } = await client.users.issuePasswordReset(id);
    await client.auth.resetPassword({ resetToken, newPassword: OTHER_PASSWORD });
    await expect(client.auth.resetPassword({ resetToken, newPassword: OTHER_PASSWORD })).rejects.toBeInstanceOf(
      UnauthorizedError,
    );
    await client.auth.forgotPassword({ email: 'nobody@example.com' });
    expect(await client.health.get()).toMatchObject({ status: 'healthy' });
    expect(await client.health.live()).toEqual({ status: 'ok' });
    expect(await client.health.ready()).toEqual({ status: 'ok' });
    expect(await client.keys.list()).toEqual([]);
    relay.answerNext('GET /health', { status: 503, body: '{"status":"unhealthy"}' });
    expect(await client.health.get()).toEqual({ status: 'unhealthy' });
  });

  it('neither retries nor refreshes a wrong login, a wrong current password or an invalid request', async () => {
    await logIn();
    await expect(client.login({ email: account.email, password: OTHER_PASSWORD })).rejects.toMatchObject({
      name: 'UnauthorizedError',
      reason: 'invalid_credentials',
      requestId: expect.any(String),
    });
    const passwords = { currentPassword: OTHER_PASSWORD, newPassword: OTHER_PASSWORD };
    await expect(client.users.changePassword('me', passwords)).rejects.toMatchObject({
      reason: 'wrong_current_password',
    });
    await expect(client.users.update('me', { profilePictureUrl: 'nowhere' })).rejects.toMatchObject({
      name: 'ValidationError',
      status: 400,
      details: [{ field: 'profilePictureUrl', rule: 'format', message: expect.any(String) }],
    });
    expect(relay.requests.map((request) => request.split(' ')[1])).toEqual([
      '/auth/login',
      '/auth/login',
      '/users/me/password',
      '/users/me',
    ]);
    expect(storage.content).not.toBe('');
  });

  it('refuses an address that is none, and names that would make the path that of another resource', async () => {
    await logIn();
    for (const id of ['', '.', '..']) {
      await expect(client.sessions.end('me', id)).rejects.toBeInstanceOf(ClientError);
      await expect(client.users.delete(id)).rejects.toBeInstanceOf(ClientError);
    }
    const misdirected = createClient({ baseUrl: 'http://a b', storage });
    await expect(misdirected.users.get('me')).rejects.toMatchObject({
      name: 'ClientError',
      cause: { name: 'TypeError' },
    });
    await expect(client.users.get('a/../me?x#')).rejects.toMatchObject({ status: 403 });
    expect(await client.users.get('me')).toMatchObject({ status: 'active' });
  });

  it('counts corrupt content of the storage as no session', async () => {
    await logIn();
    const [key = ''] = storage.items.keys();
    for (const content of ['{', 'null', '[]', '{"accessToken":1}', '""', '{"accessToken":""}']) {
      storage.setItem(key, content);
      await expect(client.users.get('me')).rejects.toMatchObject({ reason: 'no_token' });
    }
    await logIn();
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
  });

  it('rejects with a StorageError where the storage throws', async () => {
    await logIn();
    client = createClient({ baseUrl: relay.url, storage: failing(storage, 'getItem') });
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'StorageError', cause: { message: 'Full' } });
    await expect(client.logout()).rejects.toBeInstanceOf(StorageError);
    client = createClient({ baseUrl: relay.url, storage: failing(storage, 'setItem') });
    await expect(logIn()).rejects.toBeInstanceOf(StorageError);
    client = createClient({ baseUrl: relay.url, storage: failing(storage, 'removeItem') });
    await expect(client.logout()).rejects.toBeInstanceOf(StorageError);
  });
});

async function take<Item>(items: AsyncIterable<Item>, most: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) if (taken.push(item) === most) break;
  return taken;
}

/** A copy of a storage with a method that throws. */
function failing(storage: MemoryStorage, method: 'getItem' | 'setItem' | 'removeItem'): MemoryStorage {
  return Object.assign(storage.copy(), { [method]: refuse });
}

function refuse(): never {
  throw new Error('Full');
}
