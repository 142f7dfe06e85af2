import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { login, register, SECRETS, startApp } from '../support/app.js';
import { ADMIN, newAccount, type Session } from '../support/factories.js';
import { killPrograms, type Outcome, runCommand, runProgram, spawnApp, type SpawnedApp } from '../support/process.js';
import { createNewStores, createStores, createUnmigratedStores, onServers, type Stores } from '../support/stores.js';

const ADMIN_VARIABLES = {
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_USERNAME: ADMIN.username,
  ADMIN_PASSWORD: ADMIN.password,
};
const PRODUCTION = { NODE_ENV: 'production', ...SECRETS, ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };

/** Expects a failed start whose output is these lines and nothing else. */
function expectRefusal({ code, stdout, stderr }: Outcome, ...lines: RegExp[]): void {
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toEqual(lines.map((line): unknown => expect.stringMatching(line)));
  expect(code).toBe(1);
}

describe('Starting for the first time in development, without configuration,', () => {
  let stores: Stores;
  let first: Outcome;
  let session: Session;
  let generated: { username: string; email: string; password: string };
  let second: SpawnedApp;
  beforeAll(async () => {
    stores = await createNewStores();
    const app = await spawnApp(stores.env);
    const shown = (name: string) => new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(app.program.stdout)?.[1] ?? '';
    generated = { username: '', email: shown('email'), password: shown('password') };
    session = await register(app.api, newAccount());
    first = await app.stop();
    second = await spawnApp(stores.env);
  });
  afterAll(async () => {
    await killPrograms();
    await stores.remove();
  });

  it('migrate the database', async () => {
    expect((await second.api.get('/health/ready')).status).toBe(200);
    expect(first).toMatchObject({ code: 0, stderr: '' });
  });

  it('store the generated secrets in a file that only its owner can read', async () => {
    const { mode } = await stat(join(stores.env['DATA_DIR'] ?? '', 'secrets.json'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('reuse the secrets, so that tokens stay valid', async () => {
    const { token, refreshToken } = session;
    expect((await second.api.get('/users/me', { token })).status).toBe(200);
    expect((await second.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('create an admin with a generated password', async () => {
    expect((await login(second.api, generated)).user).toMatchObject({
      email: generated.email,
      roles: ['admin', 'user'],
    });
  });

  it('print the admin password once, and the URLs each time', () => {
    expect(first.stdout.split(generated.password)).toHaveLength(2);
    expect(second.program.stdout).not.toMatch(/password/i);
    for (const stdout of [first.stdout, second.program.stdout]) {
      expect(stdout).toMatch(/API +http:\/\/localhost:\d+\/api\/v1\n +Explorer +http:\/\/localhost:\d+\/docs\n/);
    }
  });
});

describe('Production', () => {
  let stores: Stores;
  beforeEach(async () => {
    stores = await createUnmigratedStores();
  });
  afterEach(async () => {
    await killPrograms();
    await stores.remove();
  });

  it('starts only on a migrated database, and otherwise names the command that migrates it', async () => {
    const env = { ...stores.env, ...PRODUCTION };
    const line = /^The database lacks the migration \S+( and \d+ more)?: run "npm run migrate" before starting\.$/;
    expectRefusal(await runProgram('main.js', { ...env, PORT: '0' }), line);
    const migrated = await runCommand('migrate', env);
    expect(migrated).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Applied \d{14}_\w+/), stderr: '' });
    const app = await spawnApp(env);
    expect((await app.api.get('/health/ready')).status).toBe(200);
    const { stdout, stderr } = await app.stop();
    expect(stdout + stderr).not.toMatch(/admin|password|docs/i);
  });
});

describe('The first admin from the environment', () => {
  const NO_ADMIN = { ADMIN_EMAIL: '', ADMIN_USERNAME: '', ADMIN_PASSWORD: '' };
  let stores: Stores;
  beforeEach(async () => {
    stores = await createStores();
  });
  afterEach(async () => {
    await killPrograms();
    await stores.remove();
  });

  it('is created at the first start, and left unchanged at the next', async () => {
    const production = { ...PRODUCTION };
    const none = await startApp({ ...production, ...NO_ADMIN }, stores);
    expect((await none.api.post('/auth/login', { email: ADMIN.email, password: ADMIN.password })).status).toBe(401);
    await none.close();
    const first = await startApp(production, stores);
    expect((await first.admin()).user).toMatchObject({ username: ADMIN.username, roles: ['admin', 'user'] });
    await first.close();
    const second = await startApp({ ...production, ADMIN_PASSWORD: 'Quite-another-7-one!' }, stores);
    expect((await second.admin()).user.email).toBe(ADMIN.email);
    await second.close();
  });

  it.each([
    ['email', { email: ADMIN.email.toUpperCase() }],
    ['username', { username: ADMIN.username.toUpperCase() }],
  ])("makes the start fail when an account already has the first admin's %s", async (field, overrides) => {
    const before = await startApp({ ...PRODUCTION, ...NO_ADMIN }, stores);
    const account = newAccount(overrides);
    await register(before.api, account);
    await before.close();
    const message = new RegExp(`^The first admin cannot be created: its ${field} .* not promoted\\.$`);
    await expect(startApp(PRODUCTION, stores)).rejects.toThrow(message);
    const after = await startApp({ ...PRODUCTION, ...NO_ADMIN }, stores);
    expect((await login(after.api, account)).user).toMatchObject({ roles: ['user'] });
    await after.close();
  });

  it('makes the start fail with one line when its password breaks the password policy', async () => {
    const env = { ...stores.env, ...PRODUCTION, ...ADMIN_VARIABLES, ADMIN_PASSWORD: 'short', PORT: '0' };
    expectRefusal(await runProgram('main.js', env), /^ADMIN_PASSWORD: Password must be at least 8 characters$/);
  });
});

if (onServers) {
  describe('Two migrations at once', () => {
    it('both succeed, and only one of them applies the migrations', async () => {
      const stores = await createUnmigratedStores();
      const outcomes = await Promise.all([1, 2].map(() => runCommand('migrate', stores.env)));
      expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
        { code: 0, stderr: '' },
        { code: 0, stderr: '' },
      ]);
      const said = outcomes.map(({ stdout }) => stdout);
      expect(said).toContain('Nothing to migrate.\n');
      expect(said).toContainEqual(expect.stringMatching(/^Applied /));
      await stores.remove();
    });
  });
} else {
  describe('A data folder', () => {
    afterEach(killPrograms);

    it('belongs to one process, and others fail with one line', async () => {
      const stores = await createStores();
      const env = { ...stores.env, PORT: '0' };
      await spawnApp(stores.env);
      const line = /^The data folder \S+ is in use by another process: stop the server first\.$/;
      for (const outcome of await Promise.all([runProgram('main.js', env), runCommand('migrate', env)])) {
        expectRefusal(outcome, line);
      }
    });
  });

  // These runs touch no store, so they are tested once, with the embedded stores.
  describe('A start with a wrong configuration', () => {
    it('fails with one line for each error, all at once', async () => {
      const outcome = await runProgram('main.js', {
        PORT: '70000',
        LOG_LEVEL: 'loud',
        JWT_EXPIRES_IN: 'soon',
        CORS_ORIGIN: '*',
        ADMIN_EMAIL: ADMIN.email,
      });
      expectRefusal(outcome, /^PORT /, /^JWT_EXPIRES_IN /, /^LOG_LEVEL /, /^ADMIN_EMAIL, /, /^CORS_ORIGIN /);
      expect(outcome.stdout).toBe('');
    });

    it('fails in production for each missing or weak setting that development accepts', async () => {
      expectRefusal(
        await runProgram('main.js', { NODE_ENV: 'production', ARGON2_TIME_COST: '1' }),
        /^JWT_SECRET is required/,
        /^JWT_REFRESH_SECRET is required/,
        /^DATABASE_URL .*is required/,
        /^REDIS_URL is required/,
        /^ARGON2_MEMORY_KIB and ARGON2_TIME_COST /,
      );
    });
  });
}
