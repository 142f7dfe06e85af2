import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/index.js';
import { ApiClient } from './client.js';
import { type Account, ADMIN, type Session } from './factories.js';
import { createStores, type Stores } from './stores.js';

/** A running application on stores of its own, over a real socket. */
export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly api: ApiClient;
  readonly stores: Stores;
  /** The environment it was started with; another instance on the same stores starts from it. */
  readonly env: Readonly<Record<string, string>>;
  /** Logs in as the first admin. */
  admin(): Promise<Session>;
  close(): Promise<void>;
}

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

export async function startApp(
  overrides: Readonly<Record<string, string>> = {},
  sharedStores?: Stores,
): Promise<TestApp> {
  const stores = sharedStores ?? (await createStores());
  const env = {
    ...stores.env,
    ...SECRETS,
    ...FAST_HASHES,
    ...NO_LIMITS,
    ...PATIENT,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    LOG_LEVEL: 'silent',
    // The explorer's files are served by a package that Jest cannot load on Node 20: its test starts the built application.
    API_DOCS: 'false',
    ...overrides,
  };
  const app = await createApp(loadConfig(env));
  await app.listen(0, '127.0.0.1');
  const api = new ApiClient(await app.getUrl());
  return {
    app,
    api,
    stores,
    env,
    admin: () => login(api, ADMIN),
    async close() {
      await app.close();
      if (sharedStores === undefined) await stores.remove();
    },
  };
}

export async function login(api: ApiClient, { email, password }: Account): Promise<Session> {
  const { status, body } = await api.post('/auth/login', { email, password });
  if (status !== 200) throw new Error(`The login of ${email} was answered ${status}`);
  return { token: body.data.accessToken, refreshToken: body.data.refreshToken, user: body.data.user };
}

/** Registers an account and logs in. */
export async function register(api: ApiClient, account: Account): Promise<Session> {
  const { status, text } = await api.post('/users', account);
  if (status !== 201) throw new Error(`The registration of ${account.email} was answered ${status}: ${text}`);
  return login(api, account);
}
