import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { type Client, createClient, type User } from '../../packages/client/src/index.js';
import { startApp, type TestApp } from './app.js';
import { MemoryStorage } from './client-sessions.js';
import { newAccount, PASSWORD } from './factories.js';
import { Relay } from './relay.js';

export interface ClientTest {
  readonly test: TestApp;
  /** Stands between the client and the application. */
  readonly relay: Relay;
  readonly storage: MemoryStorage;
  readonly client: Client;
  readonly account: ReturnType<typeof newAccount>;
  readonly logIn: () => Promise<User>;
}

/** Starts an application for the suite, and makes a client and an account for each test. @returns those of the test */
export function useClient(): () => ClientTest {
  let test: TestApp;
  let current: ClientTest;
  beforeAll(async () => {
    test = await startApp();
  });
  beforeEach(async () => {
    const relay = await Relay.to(test.api.origin);
    const storage = new MemoryStorage();
    const client = createClient({ baseUrl: relay.url, storage });
    const account = newAccount();
    await test.api.post('/users', account);
    const logIn = () => client.login({ email: account.email, password: PASSWORD });
    current = { test, relay, storage, client, account, logIn };
  });
  afterEach(() => current.relay.close());
  afterAll(() => test.close());
  return () => current;
}
