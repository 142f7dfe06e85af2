import { describe, expect, it } from '@jest/globals';
import {
  ClientError,
  createClient,
  StorageError,
  type TokenStorage,
  UnauthorizedError,
} from '../../packages/client/src/index.js';
import { makeAdmin } from '../support/accounts.js';
import { expireAccessToken, MemoryStorage } from '../support/client-sessions.js';
import { ADMIN, newAccount, newRoleName, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { useClient } from '../support/use-client.js';

describe('The client', () => {
  const current = useClient();

  const logInAdmin = () => current().client.login({ username: ADMIN.username, password: ADMIN.password });

  it('logs in by email or username, reads and updates the user, and logs out', async () => {
    const { account, client, logIn, relay, storage } = current();
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
    expect(relay.headers.at(-1)).not.toHaveProperty('cookie');
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'UnauthorizedError', reason: 'no_token' });
    await client.logout();
  });

  it('finds the session that another client has stored, and tolerates blanks and slashes around the address', async () => {
    const { account, logIn, relay, storage } = current();
    await logIn();
    const later = createClient({ baseUrl: ` ${relay.url}// `, storage: storage.copy() });
    expect(await later.users.get('me')).toMatchObject({ username: account.username });
  });

  it('works with a storage that returns promises', async () => {
    const { account, relay, storage } = current();
    const asynchronous = {
      getItem: async (key: string) => storage.getItem(key),
      setItem: async (key: string, value: string) => storage.setItem(key, value),
      removeItem: async (key: string) => storage.removeItem(key),
    };
    const client = createClient({ baseUrl: relay.url, storage: asynchronous });
    await client.login({ email: account.email, password: PASSWORD });
    expireAccessToken(storage);
    expect(await Promise.all([1, 2, 3].map(() => client.users.get('me')))).toHaveLength(3);
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
    await client.logout();
    expect(storage.content).toBe('');
  });

  it('lists users over cursors, and asks for no page that is not read', async () => {
    const { client, relay } = current();
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
    const { client, logIn } = current();
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
    expect(sessions.filter((session) => session.current)).toHaveLength(1);
    const other = sessions.find((session) => !session.current);
    await client.sessions.end('me', other?.id ?? '');
    await client.sessions.endOthers('me');
    await client.users.changePassword('me', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
    await expect(client.users.list().next()).rejects.toMatchObject({ name: 'ForbiddenError', status: 403 });
  });

  it('reads the audit log: pages, one entry, a history, the verification and the export', async () => {
    const { client, test } = current();
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
    const { client, relay } = current();
    await logInAdmin();
    const { id } = await client.users.create(newAccount());
    const { resetToken } = await client.users.issuePasswordReset(id);
    await client.auth.resetPassword({ resetToken, newPassword: OTHER_PASSWORD });
    await expect(client.auth.resetPassword({ resetToken, newPassword: OTHER_PASSWORD })).rejects.toBeInstanceOf(
      UnauthorizedError,
    );
    await client.auth.forgotPassword({ email: 'unknown@example.com' });
    expect(await client.health.get()).toMatchObject({ status: 'healthy' });
    expect(await client.health.live()).toEqual({ status: 'ok' });
    expect(await client.health.ready()).toEqual({ status: 'ok' });
    expect(await client.keys.list()).toEqual([]);
    relay.answerNext('GET /health', { status: 503, body: '{"status":"unhealthy"}' });
    expect(await client.health.get()).toEqual({ status: 'unhealthy' });
  });

  it('neither retries nor refreshes a wrong login, a wrong current password or an invalid request', async () => {
    const { account, client, logIn, relay, storage } = current();
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

  it('refuses names that would make the path that of another resource', async () => {
    const { client, logIn } = current();
    await logIn();
    for (const id of ['', '.', '..']) {
      await expect(client.sessions.end('me', id)).rejects.toBeInstanceOf(ClientError);
      await expect(client.users.delete(id)).rejects.toBeInstanceOf(ClientError);
    }
    await expect(client.users.get('a/../me?x#')).rejects.toMatchObject({ status: 403 });
    expect(await client.users.get('me')).toMatchObject({ status: 'active' });
  });

  it.each([
    ...[
      '',
      '/',
      'localhost:3000',
      'http://a b',
      'ftp://host',
      'http://ada:secret@host',
      'http://host?x',
      'http://host#x',
    ].map((baseUrl) => ({ baseUrl })),
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31].map((timeoutMs) => ({ timeoutMs })),
    ...[undefined, new Map()].map((storage) => ({ storage: storage as unknown as TokenStorage })),
  ])('is not made with %j', (option) => {
    const make = () => createClient({ baseUrl: 'http://host', storage: new MemoryStorage(), ...option });
    expect(make).toThrow(ClientError);
    expect(make).toThrow(Object.keys(option)[0]);
  });

  it('rejects with an UnexpectedResponseError where a success has the wrong content', async () => {
    const { client, logIn, relay, storage } = current();
    await logIn();
    const { content } = storage;
    for (const body of [
      '[]',
      '{}',
      '{"success":true}',
      '{"success":true,"data":null}',
      '{"success":true,"data":{}}',
      '',
    ]) {
      for (const call of [
        logIn,
        () => client.users.get('me'),
        () => client.users.update('me', {}),
        () => client.users.list().next(),
        () => client.roles.list(),
        () => client.roles.get('user'),
        () => client.permissions.list(),
        () => client.health.get(),
        () => client.keys.list(),
      ]) {
        relay.answerNext('', { status: 200, body });
        await expect(call()).rejects.toMatchObject({ name: 'UnexpectedResponseError', status: 200 });
      }
    }
    for (const line of ['{', 'null', '{"id":1}']) {
      relay.answerNext('GET /audit-logs/export', { status: 200, body: `${line}\n` });
      await expect(client.audit.export().next()).rejects.toMatchObject({ name: 'UnexpectedResponseError' });
    }
    expect(storage.content).toBe(content);
  });

  it('counts corrupt content of the storage as no session', async () => {
    const { account, client, logIn, storage } = current();
    await logIn();
    const [[key, stored] = ['', '']] = storage.items;
    const tokens = JSON.parse(stored);
    const corrupt = ['', 1, 'a\nb', 'ü€'].map((accessToken) => JSON.stringify({ ...tokens, accessToken }));
    for (const content of ['{', 'null', '[]', '""', '{"accessToken":"a"}', ...corrupt]) {
      storage.setItem(key, content);
      await expect(client.users.get('me')).rejects.toMatchObject({ reason: 'no_token' });
    }
    await logIn();
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
  });

  it('rejects with a StorageError where the storage throws, and leaves no session at the server', async () => {
    const { account, logIn, relay, storage } = current();
    await logIn();
    const using = (method: Parameters<typeof failing>[1]) =>
      createClient({ baseUrl: relay.url, storage: failing(storage, method) });
    const unreadable = using('getItem');
    await expect(unreadable.users.get('me')).rejects.toMatchObject({
      name: 'StorageError',
      cause: { message: 'Full' },
    });
    await expect(unreadable.logout()).rejects.toBeInstanceOf(StorageError);

    const login = using('setItem').login({ email: account.email, password: PASSWORD });
    await expect(login).rejects.toBeInstanceOf(StorageError);
    expect(relay.requests.slice(-2)).toEqual(['POST /auth/login', 'POST /auth/logout']);

    await expect(using('removeItem').logout()).rejects.toBeInstanceOf(StorageError);
    await expect(current().client.users.get('me')).rejects.toBeInstanceOf(UnauthorizedError);
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
