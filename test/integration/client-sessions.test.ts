import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Client, createClient, UnauthorizedError } from '../../packages/client/src/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { bundleClient, expireAccessToken, MemoryStorage, withExpiredAccessToken } from '../support/client-sessions.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { Relay } from '../support/relay.js';
import { newFolder } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const run = promisify(execFile);

describe("A client's session", () => {
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
    await client.users.create(account);
    await logIn();
  });
  afterEach(() => relay.close());
  afterAll(() => test.close());

  const logIn = () => client.login({ email: account.email, password: PASSWORD });

  /** Ends the session on the server. */
  async function endSession(): Promise<void> {
    const elsewhere = createClient({ baseUrl: test.api.origin, storage: new MemoryStorage() });
    await elsewhere.login({ email: account.email, password: PASSWORD });
    await elsewhere.sessions.endOthers('me');
  }

  it('is refreshed once for 20 clients that share its storage', async () => {
    for (let round = 0; round < 3; round += 1) {
      expireAccessToken(storage);
      const clients = Array.from({ length: 20 }, () => createClient({ baseUrl: relay.url, storage }));
      const users = await Promise.all(clients.map((each) => each.users.get('me')));
      expect(users.map(({ email }) => email)).toEqual(Array(20).fill(account.email));
    }
    expect(relay.of('POST /auth/refresh')).toHaveLength(3);
  });

  it('is adopted from another tab that has refreshed it meanwhile', async () => {
    expireAccessToken(storage);
    const other = storage.copy();
    await createClient({ baseUrl: relay.url, storage: other }).users.get('me');
    storage.replaceAfterRead(other);
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(relay.of('POST /auth/refresh')).toHaveLength(1);
    expect(storage.content).toBe(other.content);
  });

  it('lasts in ten processes that share a file, one of them killed in the middle of a refresh', async () => {
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

  it('stays in the storage when another login has replaced the one that ended', async () => {
    await endSession();
    const other = new MemoryStorage();
    await createClient({ baseUrl: relay.url, storage: other }).login({ email: account.email, password: PASSWORD });
    storage.replaceAfterRead(other);
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
    expect(storage.content).toBe(other.content);
  });

  it('survives a failed refresh: a 5xx, a page of a proxy, and no answer', async () => {
    client = createClient({ baseUrl: relay.url, storage, timeoutMs: 300 });
    const error = { code: 'INTERNAL_SERVER_ERROR', message: 'An unexpected error occurred', requestId: 'r' };
    for (const answer of [
      { status: 500, body: JSON.stringify({ success: false, error }) },
      { status: 500, body: '<html>' },
      { status: 200, body: '<html>' },
      { status: 404, body: 'Not found' },
      { status: 200, body: '{}' },
    ]) {
      expireAccessToken(storage);
      const { content } = storage;
      relay.answerNext('POST /auth/refresh', answer);
      const failures = await Promise.all(
        [client, client].map((each) => each.users.get('me').catch((failure: unknown) => failure)),
      );
      const name = answer.body.includes('INTERNAL') ? 'ApiError' : 'UnexpectedResponseError';
      for (const failure of failures) expect(failure).toMatchObject({ name, status: answer.status });
      expect(failures[0]).not.toBe(failures[1]);
      expect(storage.content).toBe(content);
    }
    expect(await client.users.get('me')).toMatchObject({ email: account.email });
  });

  it('is ended by a logout with an expired access token, too', async () => {
    const copy = storage.copy();
    expireAccessToken(storage);
    await client.logout();
    expect(storage.content).toBe('');
    await expect(createClient({ baseUrl: relay.url, storage: copy }).users.get('me')).rejects.toBeInstanceOf(
      UnauthorizedError,
    );
  });

  it('does not come back when a logout and a refresh meet', async () => {
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
    expireAccessToken(storage);
    const reading = client.users.get('me').catch((error: unknown) => error);
    await waitFor(() => relay.of('POST /auth/refresh').length === 1);
    storage.items.clear();
    expect(await reading).toBeInstanceOf(UnauthorizedError);
    expect(storage.content).toBe('');
  });

  it('leaves the storage at a logout that the server does not answer', async () => {
    const copy = storage.copy();
    relay.answerNext('POST /auth/logout', { status: 500, body: 'down' });
    await expect(client.logout()).rejects.toMatchObject({ name: 'UnexpectedResponseError', status: 500 });
    expect(storage.content).toBe('');
    const away = createClient({ baseUrl: relay.url, storage: copy });
    await relay.close();
    await expect(away.logout()).rejects.toMatchObject({ name: 'ConnectionError' });
    expect(copy.content).toBe('');
    relay = await Relay.to(test.api.origin);
  });
});

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 1));
}
