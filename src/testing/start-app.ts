import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../app.js';
import { loadConfig } from '#config';
import type { ExtensionDefinition } from '#platform/extensions';
import { createStores, type Stores } from './stores.js';
import { TestClient } from './test-client.js';

export interface Account {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly phoneNumber?: string;
  readonly dateOfBirth?: string;
}

/** An account that has logged in. */
export interface Session {
  readonly token: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string; readonly email: string; readonly username: string };
}

/** A running application, over a real socket. */
export interface TestApp<Client extends TestClient = TestClient> {
  readonly app: NestFastifyApplication;
  readonly api: Client;
  readonly stores: Stores;
  /** The environment it was started with; another instance on the same stores starts from it. */
  readonly env: Readonly<Record<string, string>>;
  /** Logs in as the first admin. */
  admin(): Promise<Session>;
  /** Stops it, and removes stores that it made itself. */
  close(): Promise<void>;
}

export interface StartOptions<Client extends TestClient = TestClient> {
  readonly extensions?: readonly ExtensionDefinition[];
  /** Settings beside those of a test: fast hashes, no limits, no log. */
  readonly env?: Readonly<Record<string, string>>;
  readonly client?: new (origin: string) => Client;
}

export const ADMIN: Account = { username: 'root1', email: 'root@example.com', password: 'Over-all-9-trees!x' };

/** Fast hashes, for tests that do not depend on the cost of a hash. */
export const FAST_HASHES = { ARGON2_MEMORY_KIB: '1024', ARGON2_TIME_COST: '1' };

/** Limits that no test of other behaviour reaches. */
export const NO_LIMITS = {
  RATE_LIMIT_MAX_REQUESTS: '1000000000',
  AUTH_RATE_LIMIT_MAX: '1000000000',
  AUTH_RATE_LIMIT_ACCOUNT_MAX: '1000000000',
  AUTH_RATE_LIMIT_IP_MAX: '1000000000',
};

/** On a busy machine, PostgreSQL may take seconds to let a connection in. Suites about outages use the default. */
const PATIENT = { DB_PROBE_TIMEOUT_MS: '20000' };

export const SECRETS = {
  JWT_SECRET: 'k1-nothing-but-a-test-signs-with-this-one',
  JWT_REFRESH_SECRET: 'k2-nothing-but-a-test-signs-with-this-one',
};

/**
 * Starts the application for a test, on a free port of 127.0.0.1.
 *
 * @param shared the stores of another application; without them it gets a migrated, empty pair of its own
 */
export async function startApp(shared?: Stores, options?: StartOptions): Promise<TestApp>;
export async function startApp<Client extends TestClient>(
  shared: Stores | undefined,
  options: StartOptions<Client> & { readonly client: new (origin: string) => Client },
): Promise<TestApp<Client>>;
export async function startApp(
  shared?: Stores,
  { extensions = [], env: settings = {}, client = TestClient }: StartOptions = {},
): Promise<TestApp> {
  const stores = shared ?? (await createStores());
  const env = {
    ...stores.env,
    ...SECRETS,
    ...FAST_HASHES,
    ...NO_LIMITS,
    ...PATIENT,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    // What a test does not expect should be seen.
    LOG_LEVEL: 'error',
    // The explorer's files are served by a package that Jest cannot load on Node 20: its test starts the built application.
    API_DOCS: 'false',
    ...settings,
  };
  const app = await createApp(loadConfig(env), extensions).catch(async (error: unknown) => {
    if (shared === undefined) await stores.remove();
    throw error;
  });
  await app.listen(0, '127.0.0.1');
  const api = new client(await app.getUrl());
  return {
    app,
    api,
    stores,
    env,
    admin: () => login(api, ADMIN),
    async close() {
      await app.close();
      if (shared === undefined) await stores.remove();
    },
  };
}

export async function login(api: TestClient, { email, password }: Account): Promise<Session> {
  const { status, body } = await api.post('/auth/login', { email, password });
  if (status !== 200) throw new Error(`The login of ${email} was answered ${status}`);
  return { token: body.data.accessToken, refreshToken: body.data.refreshToken, user: body.data.user };
}

/** Registers an account and logs in. */
export async function register(api: TestClient, account: Account): Promise<Session> {
  const { status, text } = await api.post('/users', account);
  if (status !== 201) throw new Error(`The registration of ${account.email} was answered ${status}: ${text}`);
  return login(api, account);
}
