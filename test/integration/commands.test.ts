import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { FAST_HASHES, login, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { ADMIN, newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import {
  freePort,
  killPrograms,
  newWorkingFolder,
  type Outcome,
  Program,
  runCommand,
  spawnApp,
} from '../support/process.js';
import { createStores, createUnmigratedStores, onServers, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const INPUT = `${PASSWORD}\n`;
const NO_ADMIN = { ADMIN_EMAIL: '', ADMIN_USERNAME: '', ADMIN_PASSWORD: '' };

let stores: Stores;
afterEach(killPrograms);

/** Gives each test its own stores. */
function onFreshStores(): void {
  beforeEach(async () => {
    stores = await createStores();
  });
  afterEach(async () => {
    await killPrograms();
    await stores.remove();
  });
}

function run(command: string, args: string[], input = ''): Promise<Outcome> {
  return runCommand(command, { ...stores.env, ...SECRETS, ...FAST_HASHES }, { args, input });
}

function expectDone({ code, stdout, stderr }: Outcome, line: RegExp): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(line);
  expect(stdout.split('\n')).toHaveLength(2);
}

/** Expects one line that gives the reason and does not contain the password. */
function expectRefused({ code, stdout, stderr }: Outcome, line: RegExp): void {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(line);
  expect(stderr.split('\n')).toHaveLength(2);
  expect(stderr).not.toContain(PASSWORD);
}

/** Runs `work` while the server runs in this process. */
async function whileRunning<T>(work: (test: TestApp) => Promise<T>): Promise<T> {
  // Production generates no other admin.
  const production = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };
  const test = await startApp({ ...production, ...NO_ADMIN }, stores);
  try {
    return await work(test);
  } finally {
    await test.close();
  }
}

describe('uma admin:create', () => {
  onFreshStores();
  const { email, username } = newAccount();
  const args = ['--email', email, '--username', username];

  it('creates an active admin and no other account', async () => {
    expectDone(await run('admin:create', args, INPUT), new RegExp(`^Created the admin ${username}\\.\n$`));
    await whileRunning(async ({ api }) => {
      const { token, user } = await login(api, { email, username, password: PASSWORD });
      expect(user).toMatchObject({ username, status: 'active', roles: ['admin', 'user'] });
      const { body } = await api.get('/users', { token });
      expect(body.data.pagination.totalItems).toBe(1);
    });
  });

  it('refuses a taken email or username, and does not promote that account', async () => {
    await whileRunning(({ api }) => register(api, newAccount({ email, username })));
    const other = newAccount();
    const byEmail = await run('admin:create', ['--email', email.toUpperCase(), '--username', other.username], INPUT);
    expectRefused(byEmail, /^Email already exists\n$/);
    const byName = await run('admin:create', ['--email', other.email, '--username', username.toUpperCase()], INPUT);
    expectRefused(byName, /^Username already exists\n$/);
    await whileRunning(async ({ api }) => {
      expect((await login(api, { email, username, password: PASSWORD })).user).toMatchObject({ roles: ['user'] });
    });
  });
});

describe('uma outbox', () => {
  onFreshStores();

  it('lists the messages, and retries and discards them', async () => {
    expectDone(await run('outbox', []), /^0 messages wait, 0 given up\.\n$/);
    await whileRunning(async ({ app }) => {
      await app.get(PrismaService).$executeRaw`
        INSERT INTO outbox_messages (handler, key, event, attempts, last_error, failed_at)
        VALUES ('mail.welcome', 'user:1', '{}', 3, E'no\nroute', now()), ('mail.welcome', 'user:2', '{}', 0, NULL, NULL)`;
    });
    const { code, stdout } = await run('outbox', []);
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: [
        '1 message waits, 1 given up.',
        '  1  mail.welcome  given up after 3 attempts: no route',
        '  2  mail.welcome  waits after 0 attempts',
        '',
      ],
    });
    expectDone(await run('outbox', ['--retry', 'all']), /^Retrying 1 message\.\n$/);
    expectDone(await run('outbox', ['--discard', '2']), /^Discarded 1 message\.\n$/);
    expectRefused(await run('outbox', ['--discard', '2']), /^There is no message 2\.\n$/);
  });
});

describe('uma admin:reset-password', () => {
  onFreshStores();
  it('sets the password of the user with the email or username, and ends all their sessions', async () => {
    const account = newAccount();
    const session = await whileRunning(({ api }) => register(api, account));
    const done = new RegExp(`^Set the password of ${account.username} and ended every session\\.\n$`);
    const weak = await run('admin:reset-password', ['--email', account.email], 'short\n');
    expectRefused(weak, /^Password must be at least 8 characters\n$/);
    const first = await run('admin:reset-password', ['--email', account.email.toUpperCase()], `${OTHER_PASSWORD}2\r\n`);
    expectDone(first, done);
    expectDone(await run('admin:reset-password', ['--username', account.username], `${OTHER_PASSWORD}\nrest`), done);
    await whileRunning(async ({ api }) => {
      await expect(login(api, account)).rejects.toThrow('401');
      expect((await login(api, { ...account, password: OTHER_PASSWORD })).user.id).toBe(session.user.id);
      expect((await api.get('/users/me', { token: session.token })).status).toBe(401);
    });
  });

  it('refuses an unknown email', async () => {
    expectRefused(await run('admin:reset-password', ['--email', 'a@b.example'], INPUT), /^User not found\n$/);
  });

  if (onServers) {
    it('takes effect on a running server at once', async () => {
      const { api } = await spawnApp({ ...stores.env, ...SECRETS });
      const account = newAccount();
      const { token } = await register(api, account);
      expect((await api.get('/users/me', { token })).status).toBe(200);
      await run('admin:reset-password', ['--email', account.email], `${OTHER_PASSWORD}\n`);
      expect((await api.get('/users/me', { token })).status).toBe(401);
    });

    it('reports an unreachable database in one line', async () => {
      stores = { ...stores, env: { ...stores.env, DATABASE_URL: 'postgresql://user@127.0.0.1:1/nothing' } };
      const outcome = await run('admin:reset-password', ['--email', ADMIN.email], INPUT);
      expectRefused(outcome, /^The database does not answer\.\n$/);
    });
  } else {
    it('refuses a data folder that a running server uses, with one line', async () => {
      await spawnApp({ ...stores.env, ...SECRETS });
      const outcome = await run('admin:reset-password', ['--email', ADMIN.email], INPUT);
      expectRefused(outcome, /^The data folder \S+ is in use by another process: stop the server first\.\n$/);
    });
  }
});

describe('uma totals and uma search:rebuild', () => {
  onFreshStores();

  it('put right what SQL has left wrong', async () => {
    const test = await startApp({}, stores);
    const { user } = await register(test.api, newAccount());
    const prisma = test.app.get(PrismaService);
    await prisma.$executeRaw`UPDATE user_totals SET users = users + 5`;
    await prisma.$executeRaw`UPDATE users SET search_text = 'outdated' WHERE id = ${user.id}::uuid`;
    await test.close();
    expectDone(await run('totals', [], ''), /^Counted 2 active\.\n$/);
    expectDone(await run('search:rebuild', [], ''), /^Wrote 1 search texts?\.\n$/);
    expectDone(await run('search:rebuild', [], ''), /^Every search text was right\.\n$/);
    const again = await startApp({}, stores);
    const { token } = await again.admin();
    const { body } = await again.api.get(`/users?search=${user.username}`, { token });
    expect(body.data).toMatchObject({ users: [{ id: user.id }], pagination: { totalItems: 1 } });
    expect((await again.api.get('/users', { token })).body.data.pagination.totalItems).toBe(2);
    await again.close();
  });
});

describe('Both commands', () => {
  onFreshStores();
  it('migrate the database in development, and require a migrated one in production', async () => {
    await stores.remove();
    stores = await createUnmigratedStores();
    const { email, username } = newAccount();
    const args = ['--email', email, '--username', username];
    const production = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };
    const env = { ...stores.env, ...SECRETS, ...production };
    expectRefused(await runCommand('admin:create', env, { args, input: INPUT }), /^The database lacks/);
    expectDone(await run('admin:create', args, INPUT), /^Created the admin/);
  });
});

// These do not depend on the stores, so they are tested once, with the embedded ones.
if (!onServers) {
  describe('uma health', () => {
    onFreshStores();

    it('tells a server that answers from one that does not', async () => {
      const server = await spawnApp({ ...stores.env, ...SECRETS });
      const env = { ...SECRETS, PORT: new URL(server.api.origin).port };
      expectDone(await runCommand('health', env), /^The server answers\.\n$/);
      await server.stop();
      expectRefused(await runCommand('health', env), /^http:\S+\/api\/v1\/health\/live does not answer\.\n$/);
    });

    it.each(['0.0.0.0', '::', '127.0.0.2'])('finds a server that listens on HOST=%s', async (HOST) => {
      const port = await freePort();
      const env = { ...stores.env, ...SECRETS, HOST, PORT: String(port), API_VERSION: 'v7' };
      const server = new Program('main.js', env, await newWorkingFolder({}));
      const health = () => runCommand('health', { HOST, PORT: String(port), API_VERSION: 'v7' });
      await waitUntil('the health check succeeds', async () => (await health()).code === 0, 30_000);
      expect((await server.stop()).code).toBe(0);
      expectRefused(await health(), /^http:\S+\/api\/v7\/health\/live does not answer\.\n$/);
    });

    it('reads the address and port of the server from .env, also when other settings there are invalid', async () => {
      const server = await spawnApp({ ...stores.env, ...SECRETS });
      const { port } = new URL(server.api.origin);
      const envFile = `PORT=${port}\nNODE_ENV=production\nJWT_SECRET=short\nLOG_LEVEL=loud\n`;
      const { code, stderr } = await runCommand('health', {}, { envFile });
      expect([code, stderr]).toEqual([0, '']);
    });
  });

  describe('Wrong input', () => {
    const { email, username } = newAccount();
    const args = ['--email', email, '--username', username];
    const both = [...args, '--password', PASSWORD];

    it.each<[string, string, string[], string, RegExp]>([
      ['a weak password', 'admin:create', args, 'short\n', /^Password must be at least 8 characters\n$/],
      ['no password', 'admin:create', args, '', /^Password must be at least 8 characters\n$/],
      ['a password with the name inside', 'admin:create', args, `Zq7!a${username}\n`, /^Password must not contain/],
      [
        'a wrong email',
        'admin:create',
        ['--email', 'nowhere', '--username', username],
        INPUT,
        /^Invalid email format\n$/,
      ],
      [
        'a wrong username',
        'admin:create',
        ['--email', email, '--username', 'a b'],
        INPUT,
        /^Username must contain only/,
      ],
      ['no username and no terminal', 'admin:create', ['--email', email], INPUT, /^Username\? There is no terminal/],
      ['a password as an argument', 'admin:create', both, '', /^Usage: npm run uma -- admin:create/],
      [
        'a password in place of a name',
        'admin:reset-password',
        [PASSWORD],
        '',
        /^Usage: npm run uma -- admin:reset-password/,
      ],
      ['two names', 'admin:reset-password', args, INPUT, /^Give the email or the username, not both\.\n$/],
      ['no name', 'admin:reset-password', [], INPUT, /^Email or username\? There is no terminal/],
    ])('is refused with one line: %s', async (_, command, given, input, line) => {
      expectRefused(await runCommand(command, SECRETS, { args: given, input }), line);
    });
  });
}
