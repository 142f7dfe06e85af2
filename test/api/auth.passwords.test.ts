import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { HashGate, PasswordHasher } from '../../src/passwords/index.js';
import { setStatus } from '../support/accounts.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { LEGACY_HASHES, LEGACY_PASSWORD } from '../support/stored-hashes.js';

const CURRENT = /^\$argon2id\$v=19\$m=1024,t=1,p=1\$/;

describe('A password hash imported in another format', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  /** Registers an account and replaces its hash, as an import from another system would. */
  async function imported(passwordHash: string) {
    const account = newAccount({ password: LEGACY_PASSWORD });
    const { body } = await test.api.post('/users', account);
    const { id } = body.data.user;
    await test.app.get(PrismaService).user.update({ where: { id }, data: { passwordHash } });
    const login = (password: string) => test.api.post('/auth/login', { email: account.email, password });
    return { id, login };
  }

  async function storedOf(id: string) {
    return test.app.get(PrismaService).user.findUniqueOrThrow({
      where: { id },
      select: { passwordHash: true, version: true, updatedAt: true },
    });
  }

  it.each(Object.entries(LEGACY_HASHES))('is replaced by argon2id at the first login: %s', async (_, hash) => {
    const { id, login } = await imported(hash);
    expect((await login(OTHER_PASSWORD)).status).toBe(401);
    const before = await storedOf(id);
    expect(before.passwordHash).toBe(hash);
    expect((await login(LEGACY_PASSWORD)).status).toBe(200);
    const after = await storedOf(id);
    expect(after.passwordHash).toMatch(CURRENT);
    expect(after).toMatchObject({ version: before.version, updatedAt: before.updatedAt });
    expect((await login(LEGACY_PASSWORD)).status).toBe(200);
    expect((await login(OTHER_PASSWORD)).status).toBe(401);
    // Later logins keep the new hash.
    expect((await storedOf(id)).passwordHash).toBe(after.passwordHash);
  });

  it('accepts all of 10 parallel logins of a user whose hash has another format', async () => {
    const { id, login } = await imported(LEGACY_HASHES['scrypt'] ?? '');
    const answers = await inParallel(10, () => login(LEGACY_PASSWORD));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect((await storedOf(id)).passwordHash).toMatch(CURRENT);
  });

  it('stays unchanged while the account is suspended', async () => {
    const hash = LEGACY_HASHES['bcrypt, $2b$'] ?? '';
    const { id, login } = await imported(hash);
    await setStatus(test, id, 'suspended');
    expect((await login(LEGACY_PASSWORD)).status).toBe(403);
    expect((await storedOf(id)).passwordHash).toBe(hash);
  });

  it.each([
    ['absurd parameters', '$argon2id$v=19$m=4194304,t=100,p=1$c2FsdHNhbHRzYWx0c2FsdA$YfU/gCdpsACU4RWZqmWrhw'],
    ['no known format', '!'],
  ])('is answered like a wrong password when it has %s', async (_, hash) => {
    const { login } = await imported(hash);
    const { status, body } = await login(LEGACY_PASSWORD);
    expect(status).toBe(401);
    expect(body.error.message).toBe('Invalid credentials');
  });
});

describe('Parallel logins beyond the capacity of the hash queue', () => {
  let test: TestApp;
  beforeAll(async () => {
    // Expensive enough that logins pile up in the queue.
    test = await startApp({ HASH_QUEUE_MAX: '4', ARGON2_MEMORY_KIB: '32768', ARGON2_TIME_COST: '2' });
  });
  afterAll(() => test.close());

  it('are either checked or answered 503 with Retry-After', async () => {
    const account = newAccount();
    await register(test.api, account);
    const answers = await inParallel(60, (index) =>
      // Every second login names an unknown email.
      test.api.post('/auth/login', {
        email: index % 2 === 0 ? account.email : 'unknown@example.com',
        password: PASSWORD,
      }),
    );
    const [known, unknown] = [0, 1].map((rest) => answers.filter((_, index) => index % 2 === rest));
    expect(new Set(known?.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(new Set(unknown?.map(({ status }) => status))).toEqual(new Set([401, 503]));
    for (const { status, headers, body } of answers) {
      if (status !== 503) continue;
      expect(body.error.code).toBe('SERVICE_UNAVAILABLE');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await test.api.post('/auth/login', { email: account.email, password: PASSWORD })).status).toBe(200);
  });
});

describe('A login that waits in the hash queue', () => {
  const unknownUser = { email: 'unknown@example.com', password: PASSWORD };

  /** Pipelines this number of logins over one connection. */
  function pipeline(origin: string, count: number): Socket {
    const body = JSON.stringify(unknownUser);
    const head = `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    const { port, hostname } = new URL(origin);
    const socket = connect(Number(port), hostname);
    socket.write(`${head}\r\n\r\n${body}`.repeat(count));
    return socket;
  }

  // One hash runs at a time and takes about a second.
  const slow = { ARGON2_MEMORY_KIB: '262144', ARGON2_TIME_COST: '8', UV_THREADPOOL_SIZE: '2' };
  // In production without ADMIN_*, the start hashes no password for a first admin.
  const noAdmin = { NODE_ENV: 'production', ADMIN_EMAIL: '', ADMIN_USERNAME: '', ADMIN_PASSWORD: '' };

  it('is refused when the queue is full; a request that hashes nothing is answered at once', async () => {
    const test = await startApp({ ...slow, ...noAdmin, HASH_QUEUE_MAX: '0' });
    try {
      let running = true;
      const hash = test.app
        .get(PasswordHasher)
        .hash(PASSWORD)
        .then(() => (running = false));
      const change = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
      const answers = await Promise.all([
        test.api.put('/users/me/password', change),
        test.api.put('/users/me/password', change, { token: 'no.such.token' }),
        test.api.post('/auth/login', undefined, { raw: '{"email":' }),
        test.api.post('/auth/login', unknownUser),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 400, 503]);
      expect(running).toBe(true);
      await hash;
    } finally {
      await test.close();
    }
  });

  it.each([1, 12])('leaves the queue when its client hangs up after sending %d of them', async (waiting) => {
    const test = await startApp({ ...slow, ...noAdmin, HASH_QUEUE_MAX: String(waiting) });
    const hasher = test.app.get(PasswordHasher);
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    try {
      let running = true;
      const hash = hasher.hash(PASSWORD).then(() => (running = false));
      const client = pipeline(test.api.origin, waiting);
      await sleep(150);
      expect((await test.api.post('/auth/login', unknownUser)).status).toBe(503);
      client.destroy();
      await sleep(150);
      const next = test.api.post('/auth/login', unknownUser);
      await sleep(50);
      expect(running).toBe(true);
      expect((await next).status).toBe(401);
      await hash;
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', warn);
      await test.close();
    }
  });
});

describe('A password of 129 characters', () => {
  it('is refused without hashing, for known and unknown accounts alike', async () => {
    const test = await startApp();
    const account = newAccount();
    const { token, user } = await register(test.api, account);
    const reset = await test.api.post(`/users/${user.id}/password-reset`, undefined, await test.admin());
    const gate = test.app.get(HashGate);
    const run = gate.run.bind(gate);
    let hashes = 0;
    gate.run = (hash) => {
      hashes += 1;
      return run(hash);
    };
    const long = `Zq7!${'k'.repeat(125)}`;
    const login = (email: string, password: string) => test.api.post('/auth/login', { email, password });
    try {
      expect((await test.api.post('/users', newAccount({ password: long }))).status).toBe(400);
      const change = { currentPassword: PASSWORD, newPassword: long };
      expect((await test.api.put('/users/me/password', change, { token })).status).toBe(400);
      const { resetToken } = reset.body.data;
      const redeem = (newPassword: string) => test.api.post('/auth/reset-password', { resetToken, newPassword });
      expect((await redeem(long)).status).toBe(400);
      const [known, unknown] = [await login(account.email, long), await login('unknown@example.com', long)];
      expect([known.status, known.body.error.message]).toEqual([401, 'Invalid credentials']);
      expect([unknown.status, unknown.body.error.message]).toEqual([401, 'Invalid credentials']);
      expect(hashes).toBe(0);
      // A password of an allowed length is hashed.
      expect((await redeem(OTHER_PASSWORD)).status).toBe(200);
      expect(hashes).toBe(1);
    } finally {
      await test.close();
    }
  });
});
