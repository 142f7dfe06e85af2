import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Client, ConnectionError, createClient } from '../../packages/client/src/index.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { expireAccessToken } from '../support/client-sessions.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type ClientTest, useClient } from '../support/use-client.js';
import { waitUntil } from '../support/wait.js';

/** What the API answers when it cannot serve a request now. */
function refused(status: number, code: string, retryAfter: string) {
  const error = { code, message: 'Later', requestId: 'r' };
  return { status, headers: { 'retry-after': retryAfter }, body: JSON.stringify({ success: false, error }) };
}

describe('A request of the client', () => {
  const current = useClient();
  beforeEach(async () => {
    const { logIn, relay } = current();
    await logIn();
    relay.requests.length = 0;
    relay.headers.length = 0;
  });

  it('is sent again after the Retry-After of a 429 or a 503', async () => {
    const { account, client, relay } = current();
    relay.answerNext('GET /users/me', refused(429, 'RATE_LIMIT_EXCEEDED', '1'));
    relay.answerNext('GET /users/me', refused(503, 'SERVICE_UNAVAILABLE', new Date(Date.now() + 1_000).toUTCString()));
    const start = Date.now();
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_000);
    expect(relay.requests).toHaveLength(3);
  });

  it('rejects at once when Retry-After is longer than a minute', async () => {
    const { client, relay } = current();
    relay.answerNext('GET /users/me', refused(429, 'RATE_LIMIT_EXCEEDED', '900'));
    await expect(client.users.get('me')).rejects.toMatchObject({ name: 'RateLimitError', retryAfter: 900 });
    expect(relay.requests).toHaveLength(1);
  });

  it('survives that the server is away for a while, as in a restart', async () => {
    const { account, storage, test } = current();
    // Without the relay, whose own connections would answer for the server.
    const proxy = await TcpProxy.to(test.api.origin);
    const client = createClient({ baseUrl: new URL(proxy.url).origin, storage });
    await client.users.get('me');
    await proxy.cut();
    const reading = client.users.get('me');
    const changing = client.users.update('me', { bio: 'Through a restart' });
    await sleep(300);
    await proxy.restore();
    expect(await reading).toMatchObject({ email: account.email });
    expect(await changing).toMatchObject({ bio: 'Through a restart' });
    await proxy.cut();
  });

  it('is a refresh whose answer got lost after the server had made a new pair', async () => {
    const { account, storage, test } = current();
    const prisma = test.app.get(PrismaService);
    const issuedAt = async () =>
      (await prisma.session.findFirstOrThrow({ where: { user: { username: account.username } } })).tokenIssuedAt;
    const proxy = await TcpProxy.to(test.api.origin);
    const client = createClient({ baseUrl: new URL(proxy.url).origin, storage });
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
    await proxy.cut();
  });

  it('does its write once when the answer is lost', async () => {
    const { client, relay } = current();
    const created = newAccount();
    relay.loseAnswerTo('POST /users', 2);
    await client.users.create(created);
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
  });

  it('waits for its first attempt where the server is still busy with that', async () => {
    const { client, relay } = current();
    const error = { code: 'CONFLICT', message: 'A request with this Idempotency-Key is still being served' };
    relay.loseAnswerTo('PATCH /users/me');
    relay.answerNext('PATCH /users/me', { status: 409, body: JSON.stringify({ success: false, error }) });
    expect(await client.users.update('me', { bio: 'Slow' })).toMatchObject({ bio: 'Slow' });
    expect(relay.of('PATCH')).toHaveLength(3);
  });

  it.each<[string, string, (test: ClientTest) => Promise<unknown>]>([
    ['a login', 'POST /auth/login', ({ logIn }) => logIn()],
    ['a logout', 'POST /auth/logout', ({ client }) => client.logout()],
    ['a mail', 'POST /auth/forgot-password', ({ account, client }) => client.auth.forgotPassword(mailOf(account))],
    ['a new password', 'PUT /users/me/password', ({ client }) => changePassword(client)],
  ])('is never sent again where that could do more than once: %s', async (_, request, call) => {
    const { logIn, relay } = current();
    // The proxy's: the server behind it may have done the work.
    for (const status of [502, 503]) {
      relay.answerNext(request, { status, body: '<h1>No upstream</h1>' });
      await expect(call(current())).rejects.toMatchObject({ name: 'UnexpectedResponseError', status });
      expect(relay.of(request)).toHaveLength(1);
      await logIn();
      relay.requests.length = 0;
    }
    relay.loseAnswerTo(request);
    await expect(call(current())).rejects.toBeInstanceOf(ConnectionError);
    expect(relay.requests).toEqual([request]);
    expect(relay.headers.at(-1)).not.toHaveProperty('idempotency-key');
  });

  it('is sent again after the 502 or 503 of a proxy where it happens once', async () => {
    const { account, client, relay } = current();
    for (const status of [502, 503]) relay.answerNext('GET /users/me', { status, body: '<h1>No upstream</h1>' });
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(relay.requests).toHaveLength(3);
  });

  it('is a login that the API itself refused for the moment', async () => {
    const { account, logIn, relay } = current();
    relay.answerNext('POST /auth/login', refused(503, 'SERVICE_UNAVAILABLE', '1'));
    expect(await logIn()).toMatchObject({ email: account.email });
  });

  it.each([301, 303, 307])('follows no redirect (%i)', async (status) => {
    const { client, logIn, relay, test } = current();
    const answer = { status, headers: { location: `${test.api.origin}/api/v1/users/me` } };
    relay.answerNext('', answer, 3);
    for (const call of [logIn(), client.users.get('me'), client.users.delete('me')]) {
      await expect(call).rejects.toMatchObject({
        name: 'UnexpectedResponseError',
        status,
        message: expect.stringContaining('redirects'),
      });
    }
    expect(relay.requests).toHaveLength(3);
  });
});

function mailOf({ email }: { readonly email: string }): { email: string } {
  return { email };
}

function changePassword(client: Client): Promise<void> {
  return client.users.changePassword('me', { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` });
}
