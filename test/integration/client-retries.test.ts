import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Client,
  ConnectionError,
  createClient,
  UnexpectedResponseError,
} from '../../packages/client/src/index.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { expireAccessToken, MemoryStorage } from '../support/client-sessions.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { Relay } from '../support/relay.js';
import { createStores, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitUntil } from '../support/wait.js';

/** What the API answers when it cannot serve a request now. */
function refused(status: number, code: string, retryAfter: string) {
  const error = { code, message: 'Later', requestId: 'r' };
  return { status, headers: { 'retry-after': retryAfter }, body: JSON.stringify({ success: false, error }) };
}

describe('A request of the client', () => {
  let stores: Stores;
  let test: TestApp;
  let proxy: TcpProxy;
  let relay: Relay;
  let storage: MemoryStorage;
  let client: Client;
  let account: ReturnType<typeof newAccount>;
  beforeAll(async () => {
    stores = await createStores();
    test = await startApp({}, stores);
    proxy = await TcpProxy.to(test.api.origin);
  });
  beforeEach(async () => {
    relay = await Relay.to(new URL(proxy.url).origin);
    storage = new MemoryStorage();
    client = createClient({ baseUrl: relay.url, storage });
    account = newAccount();
    await client.users.create(account);
    await logIn();
    relay.requests.length = 0;
    relay.headers.length = 0;
  });
  afterEach(() => relay.close());
  afterAll(async () => {
    await proxy.cut();
    await test.close();
    await stores.remove();
  });

  const logIn = () => client.login({ email: account.email, password: PASSWORD });
  it('is sent again after the Retry-After of a 429 or a 503', async () => {
    relay.answerNext('GET /users/me', refused(429, 'RATE_LIMIT_EXCEEDED', '1'));
    relay.answerNext('GET /users/me', refused(503, 'SERVICE_UNAVAILABLE', new Date(Date.now() + 1_000).toUTCString()));
    const start = Date.now();
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_000);
    expect(relay.requests).toHaveLength(3);
  });

  it('rejects at once when Retry-After is longer than a minute, and at last when it never ends', async () => {
    relay.answerNext('GET /users/me', refused(429, 'RATE_LIMIT_EXCEEDED', '900'));
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'RateLimitError', retryAfter: 900 });
    expect(relay.requests).toHaveLength(1);
    relay.answerNext('GET /users/me', refused(503, 'SERVICE_UNAVAILABLE', '0'), 10);
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'ApiError', status: 503, retryAfter: 0 });
    expect(relay.requests).toHaveLength(6);
    expect(storage.content).not.toBe('');
  });

  it('is a read that survives a restart of the server', async () => {
    // Without the relay, whose own connections would answer for the server.
    client = createClient({ baseUrl: new URL(proxy.url).origin, storage });
    await client.users.get('me');
    await proxy.cut();
    const reading = client.users.get('me');
    const changing = client.users.update('me', { bio: 'Through a restart' });
    await test.close();
    test = await startApp({}, stores);
    await proxy.redirect(test.api.origin);
    expect(await reading).toMatchObject({ email: account.email });
    expect(await changing).toMatchObject({ bio: 'Through a restart' });
  });

  it('is a refresh whose answer got lost after the server had made a new pair', async () => {
    const prisma = test.app.get(PrismaService);
    const issuedAt = async () =>
      (await prisma.session.findFirstOrThrow({ where: { user: { username: account.username } } })).tokenIssuedAt;
    client = createClient({ baseUrl: new URL(proxy.url).origin, storage });
    expireAccessToken(storage);
    const before = await issuedAt();
    const muted = proxy.muteAfter('/auth/refresh');
    const reading = client.users.get('me');
    await muted;
    await waitUntil('the server makes a new pair', async () => (await issuedAt()).getTime() !== before.getTime());
    await proxy.cut();
    await proxy.restore();
    expect(await reading).toMatchObject({ email: account.email });
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
  });

  it('does its write once when the answer is lost', async () => {
    const created = newAccount();
    relay.loseAnswerTo('POST /users', 2);
    const { id } = await client.users.create(created);
    expect(relay.of('POST /users')).toHaveLength(3);
    expect(new Set(relay.headers.map((headers) => headers['idempotency-key'])).size).toBe(1);
    relay.loseAnswerTo('PATCH /users/me');
    await client.users.update('me', { bio: 'Once' });
    relay.loseAnswerTo('DELETE /users/me/sessions');
    await client.sessions.endOthers('me');
    const entries = [];
    for await (const entry of client.audit.history('me')) entries.push(entry);
    expect(entries.filter(({ action }) => action === 'user.updated')).toHaveLength(1);
    await expect(client.users.create({ ...newAccount(), email: created.email })).rejects.toMatchObject({
      name: 'ConflictError',
      code: 'DUPLICATE_RESOURCE',
      details: [{ field: 'email', rule: 'taken' }],
    });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('waits for its first attempt where the server is still busy with that', async () => {
    const error = { code: 'CONFLICT', message: 'A request with this Idempotency-Key is still being served' };
    relay.loseAnswerTo('PATCH /users/me');
    relay.answerNext('PATCH /users/me', { status: 409, body: JSON.stringify({ success: false, error }) });
    expect(await client.users.update('me', { bio: 'Slow' })).toMatchObject({ bio: 'Slow' });
    expect(relay.of('PATCH')).toHaveLength(3);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a login', 'POST /auth/login', () => logIn()],
    ['a logout', 'POST /auth/logout', () => client.logout()],
    ['a mail', 'POST /auth/forgot-password', () => client.auth.forgotPassword({ email: account.email })],
    [
      'a new password',
      'PUT /users/me/password',
      () => client.users.changePassword('me', { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` }),
    ],
  ])('is never sent again where that could do more than once: %s', async (_, request, send) => {
    relay.loseAnswerTo(request);
    await expect(send()).rejects.toBeInstanceOf(ConnectionError);
    expect(relay.requests).toEqual([request]);
    expect(relay.headers[0]).not.toHaveProperty('idempotency-key');
  });

  it('is sent again after the 502 of a proxy, unless it is a write that could happen twice', async () => {
    const answer = { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' };
    relay.answerNext('GET /users/me', answer);
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    relay.answerNext('POST /auth/login', answer);
    await expect(logIn()).rejects.toBeInstanceOf(UnexpectedResponseError);
    await expect(client.users.get('me')).resolves.toBeDefined();
  });
});
