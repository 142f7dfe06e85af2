import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordAttemptsSweeper } from '../../src/passwords/attempts/password-attempts-sweeper.js';
import { PasswordHasher } from '../../src/passwords/index.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { setStatus } from '../support/accounts.js';
import type { ApiAnswer } from '../support/client.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { createStores } from '../support/stores.js';

/** The limits per name and address, per name, and per address. */
const [PAIR_MAX, ACCOUNT_MAX, ADDRESS_MAX] = [3, 7, 9];
const LIMITS = {
  AUTH_RATE_LIMIT_MAX: String(PAIR_MAX),
  AUTH_RATE_LIMIT_ACCOUNT_MAX: String(ACCOUNT_MAX),
  AUTH_RATE_LIMIT_IP_MAX: String(ADDRESS_MAX),
  TRUST_PROXY: '127.0.0.1',
};
const WINDOW_SECONDS = 900;

let made = 0;
const newAddress = () => `10.2.${Math.floor(++made / 250)}.${(made % 250) + 1}`;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status);

const right = ({ email }: Account) => ({ email, password: PASSWORD });
const wrong = ({ email }: Account) => ({ email, password: OTHER_PASSWORD });

interface Client {
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function attempt(test: TestApp, login: object, { address = newAddress(), headers }: Client = {}): Promise<ApiAnswer> {
  return test.api.post('/auth/login', login, { headers: { 'x-forwarded-for': address, ...headers } });
}

async function inTurn(count: number, send: (index: number) => Promise<ApiAnswer>): Promise<ApiAnswer[]> {
  const answers = [];
  for (let n = 0; n < count; n += 1) answers.push(await send(n));
  return answers;
}

function expectTooMany(answer: ApiAnswer): void {
  expect(answer.status).toBe(429);
  expect(answer.body.error).toMatchObject({
    code: 'RATE_LIMIT_EXCEEDED',
    message: 'Too many login attempts. Please try again later.',
  });
  const wait = Number(answer.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(WINDOW_SECONDS - 60);
  expect(wait).toBeLessThanOrEqual(WINDOW_SECONDS);
}

describe('Wrong passwords', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp(LIMITS);
  });
  afterAll(() => test.close());

  const registered = async (): Promise<Account> => {
    const account = newAccount();
    expect((await test.api.post('/users', account)).status).toBe(201);
    return account;
  };
  /** Logs in and returns the device token as the device sends it with later logins. */
  const deviceOf = async (account: Account, client: Client = {}) => {
    const { status, headers } = await attempt(test, right(account), client);
    expect(status).toBe(200);
    const token = headers.get('x-device-token') ?? '';
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toBe(`device=${token}`);
    return { byHeader: { 'x-device-token': token }, byCookie: { cookie: `theme=dark; ${cookie}; x=1` } };
  };

  it('are limited per name and address; past the limit the right password works only from other addresses', async () => {
    const account = await registered();
    const address = newAddress();
    expect(statuses(await inTurn(PAIR_MAX, () => attempt(test, wrong(account), { address })))).toEqual([401, 401, 401]);
    expectTooMany(await attempt(test, wrong(account), { address }));
    expectTooMany(await attempt(test, right(account), { address }));
    expect((await attempt(test, right(account))).status).toBe(200);
  });

  it('count for the typed name in any letter case, separately for email and username', async () => {
    const account = await registered();
    const address = newAddress();
    const guess = (name: object) => attempt(test, { ...name, password: OTHER_PASSWORD }, { address });
    const emails = [account.email, account.email.toUpperCase(), account.email, account.email];
    expect(statuses(await inTurn(4, (n) => guess({ email: emails[n] })))).toEqual([401, 401, 401, 429]);
    const usernames = [account.username.toUpperCase(), account.username, account.username, account.username];
    expect(statuses(await inTurn(4, (n) => guess({ username: usernames[n] })))).toEqual([401, 401, 401, 429]);
  });

  it('keep their count for an email when that email is registered', async () => {
    const account = newAccount();
    const address = newAddress();
    await inTurn(PAIR_MAX - 1, () => attempt(test, wrong(account), { address }));
    expect((await test.api.post('/users', account)).status).toBe(201);
    expect(statuses(await inTurn(2, () => attempt(test, wrong(account), { address })))).toEqual([401, 429]);
  });

  it('get the same answers for active, deleted, suspended and unknown accounts', async () => {
    const [known, deleted, suspended] = [await registered(), await registered(), await registered()];
    const { body: gone } = await attempt(test, right(deleted));
    await test.api.delete('/users/me', { token: gone.data.accessToken });
    const { body: held } = await attempt(test, right(suspended));
    await setStatus(test, held.data.user.id, 'suspended');
    const seen = await Promise.all(
      [known, deleted, suspended, newAccount()].map(async (account) => {
        const address = newAddress();
        const answers = await inTurn(PAIR_MAX + 1, () => attempt(test, wrong(account), { address }));
        return answers.map(({ status, body: { error } }) => ({ status, code: error.code, message: error.message }));
      }),
    );
    expect(seen[0]?.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    for (const answers of seen) expect(answers).toEqual(seen[0]);
  });

  it('are all that counts: a right password neither adds to the count nor resets it', async () => {
    const account = await registered();
    const address = newAddress();
    const logins = [wrong, right, right, wrong, right, right, right, wrong, right];
    const answers = await inTurn(logins.length, (n) => attempt(test, (logins[n] ?? right)(account), { address }));
    expect(statuses(answers)).toEqual([401, 200, 200, 401, 200, 200, 200, 401, 429]);
  });

  it('do not include the right password of an inactive account', async () => {
    const account = await registered();
    const { body } = await attempt(test, right(account));
    await setStatus(test, body.data.user.id, 'inactive');
    const address = newAddress();
    const answers = await inTurn(PAIR_MAX + 2, () => attempt(test, right(account), { address }));
    expect(new Set(statuses(answers))).toEqual(new Set([403]));
  });

  it('count per user when sent as the current password with a new password or a new email', async () => {
    const account = await registered();
    const { body } = await attempt(test, right(account));
    const address = newAddress();
    const request = { token: body.data.accessToken, headers: { 'x-forwarded-for': address } };
    const change = (currentPassword: string) =>
      test.api.put('/users/me/password', { currentPassword, newPassword: 'Another-sound-9-word!' }, request);
    const move = (currentPassword: string) =>
      test.api.patch('/users/me', { email: newAccount().email, currentPassword }, request);
    expect((await change(OTHER_PASSWORD)).status).toBe(401);
    expect((await move(OTHER_PASSWORD)).status).toBe(401);
    expect((await change(OTHER_PASSWORD)).status).toBe(401);
    for (const refused of [await change(PASSWORD), await move(PASSWORD)]) {
      expect(refused.status).toBe(429);
      expect(refused.body.error.message).toBe('Too many requests. Please try again later.');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(WINDOW_SECONDS - 60);
    }
    expect((await attempt(test, right(account), { address })).status).toBe(200);
  });

  it('sent 50 at a time are checked only up to the limit; the others get 429 and may retry in a second', async () => {
    const account = await registered();
    const address = newAddress();
    const hasher = test.app.get(PasswordHasher);
    const verify = hasher.verify.bind(hasher);
    let checked = 0;
    hasher.verify = async (...parameters) => {
      checked += 1;
      // About as long as a real hash takes in a queue.
      await sleep(300);
      return verify(...parameters);
    };
    const answers = await Promise.all(times(50, () => attempt(test, wrong(account), { address })));
    hasher.verify = verify;
    expect(checked).toBe(PAIR_MAX);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(PAIR_MAX);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(50 - PAIR_MAX);
    expect(refused.some(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    expectTooMany(await attempt(test, wrong(account), { address }));
  });

  it('do not include right passwords: those refused in a burst are accepted when sent again', async () => {
    const account = await registered();
    const address = newAddress();
    const answers = await Promise.all(times(12, () => attempt(test, right(account), { address })));
    expect(statuses(answers)).toContain(200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.every(({ status, headers }) => status === 429 && headers.get('retry-after') === '1')).toBe(true);
    expect(statuses(await inTurn(5, () => attempt(test, right(account), { address })))).toEqual(Array(5).fill(200));
  });

  it('are limited per name across addresses, while the owner can log in from a known device', async () => {
    const account = await registered();
    const device = await deviceOf(account);
    const answers = await inTurn(ACCOUNT_MAX + 3, () => attempt(test, wrong(account)));
    expect(statuses(answers)).toEqual([...Array(ACCOUNT_MAX).fill(401), 429, 429, 429]);
    expectTooMany(await attempt(test, right(account)));
    for (const headers of [device.byHeader, device.byCookie]) {
      expect((await attempt(test, right(account), { headers })).status).toBe(200);
    }
  });

  it('are limited per address across names, while a user there can log in from a known device', async () => {
    const account = await registered();
    const address = newAddress();
    const device = await deviceOf(account, { address });
    const answers = await inTurn(ADDRESS_MAX + 2, () => attempt(test, wrong(newAccount()), { address }));
    expect(statuses(answers)).toEqual([...Array(ADDRESS_MAX).fill(401), 429, 429]);
    expectTooMany(await attempt(test, right(account), { address }));
    expect((await attempt(test, right(account), { address, headers: device.byCookie })).status).toBe(200);
    expect((await attempt(test, right(account))).status).toBe(200);
  });

  it('count for the whole /64 network of an IPv6 address', async () => {
    const account = await registered();
    const answers = await inTurn(PAIR_MAX + 1, (n) =>
      attempt(test, wrong(account), { address: `2001:db8:9:9:${n + 1}::` }),
    );
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
    expect((await attempt(test, right(account), { address: '2001:db8:9:a::1' })).status).toBe(200);
  });

  it('from a known device count against that device, and not against the name', async () => {
    const account = await registered();
    const address = newAddress();
    const { byHeader, byCookie } = await deviceOf(account, { address });
    const answers = await inTurn(PAIR_MAX + 1, (n) =>
      attempt(test, wrong(account), { address: newAddress(), headers: n % 2 === 0 ? byHeader : byCookie }),
    );
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
    expectTooMany(await attempt(test, right(account), { address, headers: byHeader }));
    expect((await attempt(test, right(account), { address })).status).toBe(200);
    const another = await deviceOf(account);
    expect((await attempt(test, right(account), { address, headers: another.byHeader })).status).toBe(200);
  });

  it('from a known device count against the address too', async () => {
    const account = await registered();
    const address = newAddress();
    const { byHeader } = await deviceOf(account, { address });
    await inTurn(PAIR_MAX, () => attempt(test, wrong(account), { address, headers: byHeader }));
    const left = ADDRESS_MAX - PAIR_MAX;
    const answers = await inTurn(left + 1, () => attempt(test, wrong(newAccount()), { address }));
    expect(statuses(answers)).toEqual([...Array(left).fill(401), 429]);
  });

  it('are stored without the names and addresses that were sent', async () => {
    const account = newAccount();
    await attempt(test, wrong(account), { address: '10.254.3.2' });
    const rows = await test.app.get(PrismaService).passwordAttempt.findMany();
    const stored = rows.map(({ key }) => Buffer.from(key).toString('latin1')).join();
    expect(rows.length).toBeGreaterThan(0);
    for (const text of [account.email, '10.254.3.2']) expect(stored).not.toContain(text);
    expect(new Set(rows.map(({ key }) => key.length))).toEqual(new Set([32]));
  });

  it('keep their count when the device is given a new token', async () => {
    const account = await registered();
    const first = await deviceOf(account);
    await inTurn(PAIR_MAX - 1, () => attempt(test, wrong(account), { headers: first.byHeader }));
    const renewed = await deviceOf(account, { headers: first.byHeader });
    const answers = await inTurn(2, () => attempt(test, wrong(account), { headers: renewed.byHeader }));
    expect(statuses(answers)).toEqual([401, 429]);
  });

  it('get no separate limit from the device token of another account or from a forged token', async () => {
    const [victim, attacker] = [await registered(), await registered()];
    const address = newAddress();
    const foreign = await deviceOf(attacker);
    const { body } = await attempt(test, right(attacker));
    const sent: Readonly<Record<string, string>>[] = [
      foreign.byHeader,
      foreign.byCookie,
      { 'x-device-token': 'made up' },
      { cookie: 'device=a.b.c' },
      { 'x-device-token': body.data.accessToken },
      { 'x-device-token': body.data.refreshToken },
    ];
    const answers = await inTurn(sent.length, (n) => attempt(test, wrong(victim), { address, headers: sent[n] ?? {} }));
    expect(statuses(answers)).toEqual([401, 401, 401, 429, 429, 429]);
  });

  it('are not counted when the hash queue is full', async () => {
    const busy = await startApp({ ...LIMITS, HASH_QUEUE_MAX: '0', ARGON2_MEMORY_KIB: '19456' });
    try {
      const account = newAccount();
      await busy.api.post('/users', account);
      const address = newAddress();
      const crowd = times(8, () => attempt(busy, wrong(newAccount())));
      const at = await Promise.all([...crowd, ...times(PAIR_MAX, () => attempt(busy, wrong(account), { address }))]);
      const mine = at.slice(crowd.length);
      expect(statuses(at)).toContain(503);
      const failed = mine.filter(({ status }) => status === 401).length;
      const then = await inTurn(PAIR_MAX - failed + 1, () => attempt(busy, wrong(account), { address }));
      expect(statuses(then)).toEqual([...Array(PAIR_MAX - failed).fill(401), 429]);
    } finally {
      await busy.close();
    }
  });
});

describe('The device cookie', () => {
  it.each([
    ['is hidden from scripts in development', 'development', 'device', false],
    [
      'is hidden from scripts, sent only over TLS and set by no other host in production',
      'production',
      '__Host-device',
      true,
    ],
  ])('%s', async (_, mode, name, secure) => {
    const test = await startApp({ NODE_ENV: mode, ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' });
    try {
      const account = newAccount();
      await test.api.post('/users', account);
      const { headers } = await test.api.post('/auth/login', { email: account.email, password: account.password });
      const [pair = '', ...attributes] = headers.get('set-cookie')?.split('; ') ?? [];
      expect(pair).toMatch(/^[\w-]+=[\w.-]+$/);
      expect(pair.split('=')[0]).toBe(name);
      const expected = ['HttpOnly', 'Max-Age=31536000', 'Path=/', 'SameSite=Lax', ...(secure ? ['Secure'] : [])];
      expect(attributes.toSorted()).toEqual(expected.toSorted());
    } finally {
      await test.close();
    }
  });
});

describe('The count of wrong passwords', () => {
  it('survives a restart and an emptied cache', async () => {
    const stores = await createStores();
    const account = newAccount();
    const address = newAddress();
    const counts = async (count: number) => {
      const test = await startApp(LIMITS, stores);
      try {
        return statuses(await inTurn(count, () => attempt(test, right(account), { address })));
      } finally {
        await test.close();
        await stores.flushCache();
      }
    };
    expect(await counts(PAIR_MAX - 1)).toEqual(Array(PAIR_MAX - 1).fill(401));
    expect(await counts(2)).toEqual([401, 429]);
    await stores.remove();
  });
});

describe('The window of a limit', () => {
  it('ends after its time, is followed by a new count, and is swept', async () => {
    const test = await startApp({ ...LIMITS, AUTH_RATE_LIMIT_WINDOW_MS: '2000' });
    try {
      const account = newAccount();
      const address = newAddress();
      const answers = await inTurn(PAIR_MAX + 1, () => attempt(test, wrong(account), { address }));
      expect(statuses(answers)).toEqual([401, 401, 401, 429]);
      await sleep(Number(answers.at(-1)?.headers.get('retry-after')) * 1_000);
      const again = await inTurn(PAIR_MAX + 1, () => attempt(test, wrong(account), { address }));
      expect(statuses(again)).toEqual([401, 401, 401, 429]);
      await sleep(2_100);
      expect(await test.app.get(PasswordAttemptsSweeper).sweep()).toBe(3);
    } finally {
      await test.close();
    }
  });
});
