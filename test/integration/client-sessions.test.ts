import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, UnauthorizedError } from '../../packages/client/src/index.js';
import { bundleClient, expireAccessToken, MemoryStorage, withExpiredAccessToken } from '../support/client-sessions.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { newFolder } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useClient } from '../support/use-client.js';

const run = promisify(execFile);

describe("A client's session", () => {
  const current = useClient();
  beforeEach(async () => {
    await current().logIn();
  });

  /** Ends the session on the server. */
  async function endSession(): Promise<void> {
    const { account, test } = current();
    const elsewhere = createClient({ baseUrl: test.api.origin, storage: new MemoryStorage() });
    await elsewhere.login({ email: account.email, password: PASSWORD });
    await elsewhere.sessions.endOthers('me');
  }

  it('is refreshed once for 20 clients that share its storage', async () => {
    const { account, relay, storage } = current();
    for (let round = 0; round < 3; round += 1) {
      expireAccessToken(storage);
      const clients = Array.from({ length: 20 }, () => createClient({ baseUrl: relay.url, storage }));
      const users = await Promise.all(clients.map((each) => each.users.get('me')));
      expect(users.map(({ email }) => email)).toEqual(Array(20).fill(account.email));
    }
    expect(relay.of('POST /auth/refresh')).toHaveLength(3);
  });

  it('is adopted from another tab that has refreshed it meanwhile', async () => {
    const { account, client, relay, storage } = current();
    expireAccessToken(storage);
    const other = storage.copy();
    await createClient({ baseUrl: relay.url, storage: other }).users.get('me');
    storage.replaceAfterRead(other);
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
    expect(storage.content).toBe(other.content);
  });

  it('lasts in ten processes that share a file, one of them killed in the middle of a refresh', async () => {
    const { account, relay, storage, test } = current();
    const bundle = await bundleClient();
    const folder = newFolder();
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'session');
    await writeFile(file, withExpiredAccessToken(storage.content));
    const script = resolve('test/support/client-process.mjs');
    const start = (origin: string) => run(process.execPath, [script, bundle, origin, file, '3']);

    const proxy = await TcpProxy.to(test.api.origin);
    const muted = proxy.muteAfter('/auth/refresh');
    const victim = start(new URL(proxy.url).origin);
    await muted;
    victim.child.kill('SIGKILL');
    await expect(victim).rejects.toMatchObject({ signal: 'SIGKILL' });
    await proxy.cut();

    const expired = await readFile(file, 'utf8');
    const outputs = await Promise.all(Array.from({ length: 9 }, () => start(relay.url)));
    for (const { stdout } of outputs) expect(stdout).toBe(`${account.username}\n`.repeat(3));
    expect(await readFile(file, 'utf8')).not.toBe(expired);
  });

  it('is removed from the storage once it has ended, and each call gets an error of its own', async () => {
    const { client, relay, storage } = current();
    await endSession();
    const other = createClient({ baseUrl: relay.url, storage });
    const errors = await Promise.all(
      [client, other, client].map((each) => each.users.get('me').catch((error: unknown) => error)),
    );
    for (const error of errors) expect(error).toBeInstanceOf(UnauthorizedError);
    expect(new Set(errors).size).toBe(3);
    expect(storage.content).toBe('');
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
  });

  it('is adopted from another tab that refreshes it while this one waits for Retry-After', async () => {
    const { account, client, relay, storage, test } = current();
    expireAccessToken(storage);
    relay.answerNext('POST /auth/refresh', { status: 503, headers: { 'retry-after': '1' } });
    const reading = client.users.get('me');
    await waitFor(() => relay.of('POST /auth/refresh').length === 1);
    const other = createClient({ baseUrl: test.api.origin, storage: storage.inOtherTab });
    await other.users.get('me');
    const { content } = storage;
    expect(await reading).toMatchObject({ email: account.email });
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
    expect(storage.content).toBe(content);
  });

  it('is not taken for that of another user who logs in meanwhile', async () => {
    const { client, relay, storage, test } = current();
    const other = newAccount();
    const otherStorage = new MemoryStorage();
    const otherClient = createClient({ baseUrl: relay.url, storage: otherStorage });
    await test.api.post('/users', other);
    await otherClient.login({ email: other.email, password: PASSWORD });
    expireAccessToken(storage);
    storage.replaceAfterRead(otherStorage);
    const changing = client.users.update('me', { bio: 'Not mine' });
    await expect(changing).rejects.toMatchObject({ name: 'UnauthorizedError', reason: 'token_expired' });
    expect(storage.content).toBe(otherStorage.content);
    expect(await client.users.get('me')).toMatchObject({ email: other.email, bio: null });
  });

  it("survives a failed refresh: a 5xx, a page of a proxy, a gateway's 401, and wrong content", async () => {
    const { account, client, relay, storage } = current();
    const error = { code: 'INTERNAL_SERVER_ERROR', message: 'An unexpected error occurred', requestId: 'r' };
    const tokens = { accessToken: 'a', refreshToken: null, sessionId: 's' };
    for (const [status, body, name] of [
      [500, JSON.stringify({ success: false, error }), 'ApiError'],
      [500, '<html>', 'UnexpectedResponseError'],
      [200, '<html>', 'UnexpectedResponseError'],
      [404, 'Not found', 'UnexpectedResponseError'],
      [401, '{"error":{"code":"X"}}', 'UnauthorizedError'],
      [200, '{}', 'UnexpectedResponseError'],
      [200, '{"success":true,"data":{}}', 'UnexpectedResponseError'],
      [200, JSON.stringify({ success: true, data: tokens }), 'UnexpectedResponseError'],
    ] as const) {
      expireAccessToken(storage);
      const { content } = storage;
      relay.answerNext('POST /auth/refresh', { status, body });
      const failures = await Promise.all(
        [client, client].map((each) => each.users.get('me').catch((failure: unknown) => failure)),
      );
      for (const failure of failures) expect(failure).toMatchObject({ name, status });
      expect(failures[0]).not.toBe(failures[1]);
      expect(storage.content).toBe(content);
    }
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
  });

  it('is ended by a logout with an expired access token, too', async () => {
    const { client, relay, storage } = current();
    const copy = storage.copy();
    expireAccessToken(storage);
    await client.logout();
    expect(storage.content).toBe('');
    await expect(createClient({ baseUrl: relay.url, storage: copy }).users.get('me')).rejects.toBeInstanceOf(
      UnauthorizedError,
    );
  });

  it('does not come back when a logout and a refresh meet', async () => {
    const { client, logIn, relay, storage } = current();
    for (let round = 0; round < 5; round += 1) {
      await logIn();
      const copy = storage.copy();
      expireAccessToken(storage);
      const reading = Promise.allSettled([client.users.get('me'), client.users.get('me')]);
      if (round > 0) await new Promise((done) => setTimeout(done, round * 4));
      await client.logout();
      await reading;
      expect(storage.content).toBe('');
      await expect(createClient({ baseUrl: relay.url, storage: copy }).users.get('me')).rejects.toBeInstanceOf(
        UnauthorizedError,
      );
    }
  });

  it('does not come back when another tab logs out during a refresh', async () => {
    const { client, relay, storage } = current();
    expireAccessToken(storage);
    const reading = client.users.get('me').catch((error: unknown) => error);
    await waitFor(() => relay.of('POST /auth/refresh').length === 1);
    storage.items.clear();
    expect(await reading).toBeInstanceOf(UnauthorizedError);
    expect(storage.content).toBe('');
  });

  it('is ended at once while a refresh waits for Retry-After', async () => {
    const { client, relay, storage } = current();
    const copy = storage.copy();
    expireAccessToken(storage);
    relay.answerNext('POST /auth/refresh', { status: 503, headers: { 'retry-after': '50' } });
    const reading = client.users.get('me').catch((error: unknown) => error);
    await waitFor(() => relay.of('POST /auth/refresh').length === 1);
    await client.logout();
    expect(await reading).toBeInstanceOf(UnauthorizedError);
    expect(storage.content).toBe('');
    await expect(createClient({ baseUrl: relay.url, storage: copy }).users.get('me')).rejects.toBeInstanceOf(
      UnauthorizedError,
    );
  }, 20_000);

  it('leaves the storage at a logout whose own refresh would have to wait for long', async () => {
    const { client, relay, storage } = current();
    expireAccessToken(storage);
    relay.answerNext('POST /auth/refresh', { status: 503, headers: { 'retry-after': '50' } });
    await expect(client.logout()).rejects.toMatchObject({ name: 'UnexpectedResponseError', status: 503 });
    expect(storage.content).toBe('');
  }, 20_000);

  it('leaves the storage at a logout that the server does not answer', async () => {
    const { client, relay, storage } = current();
    const copy = storage.copy();
    relay.answerNext('POST /auth/logout', { status: 500, body: 'down' });
    await expect(client.logout()).rejects.toMatchObject({ name: 'UnexpectedResponseError', status: 500 });
    expect(storage.content).toBe('');
    relay.loseAnswerTo('POST /auth/logout');
    const away = createClient({ baseUrl: relay.url, storage: copy });
    await expect(away.logout()).rejects.toMatchObject({ name: 'ConnectionError' });
    expect(copy.content).toBe('');
  });
});

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 1));
}
