import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { argon2id, hash } from 'argon2';
import { PrismaService } from '../../src/platform/database/index.js';
import { verifyEmail } from '../support/accounts.js';
import { expectFailure, expectInvalid } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, newRoleName, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';

const UNKNOWN = { status: 401, code: 'UNAUTHORIZED', message: 'Invalid credentials' };

/** Texts as one keyboard sends them, and as they are stored. */
const FORMS: [string, string, string][] = [
  ['an accent', 'Jose\u0301', 'Jos\u00e9'],
  ['two marks in the wrong order', 'a\u0302\u0323', '\u1ead'],
  ['Hangul letters', '\u1112\u1161\u11ab', '\ud55c'],
  ['the sign of a unit', '\u212b', '\u00c5'],
];

let test: TestApp;
let admin: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
afterAll(() => test.close());

/** The limits in the API's description are of the text as sent; the API measures what it has made of the text. */
const sendAsTyped = (method: string, path: string, body: object) =>
  sendRaw(test.api.origin, {
    method,
    path: `/api/v1${path}`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${admin.token}` },
    body: JSON.stringify(body),
  });
/** Each name by itself, as a login and a filter take it. */
const names = (all: Readonly<Record<string, string>>) =>
  Object.entries(all).map(([field, value]): Record<string, string> => ({ [field]: value }));
const logIn = (name: Readonly<Record<string, string>>, password = PASSWORD) =>
  test.api.post('/auth/login', { ...name, password });
const list = (query: Readonly<Record<string, string>>) =>
  test.api.get(`/users?${new URLSearchParams(query).toString()}`, { token: admin.token });

describe('Text is stored in Unicode NFC', () => {
  it.each(FORMS)('with %s: names, bios, descriptions and reasons', async (_, sent, stored) => {
    const created = await test.api.post('/users', newAccount({ firstName: sent, lastName: sent }));
    const { id } = created.body.data.user;
    expect(created.body.data.user).toMatchObject({ firstName: stored, lastName: stored });
    const { token } = admin;
    const changed = await test.api.patch(`/users/${id}`, { bio: sent, firstName: `${sent}x` }, { token });
    expect(changed.body.data.user).toMatchObject({ bio: stored, firstName: `${stored}x` });
    const role = await test.api.post('/roles', { name: newRoleName(), description: sent }, { token });
    expect(role.body.data.role.description).toBe(stored);
    await test.api.put(`/users/${id}/status`, { status: 'inactive', reason: sent }, { token });
    const history = await test.api.get(`/users/${id}/audit-logs?limit=1`, { token });
    expect(history.body.data.auditLogs[0].reason).toBe(stored);
  });

  it.each(FORMS)('and searched for in it, with %s', async (_, sent, stored) => {
    const lastName = `${stored}${newAccount().username}`;
    const { user } = await register(test.api, newAccount({ lastName }));
    const { body } = await list({ search: ` ${lastName.replace(stored, sent)} ` });
    expect(body.data.users.map(({ id }: { id: string }) => id)).toEqual([user.id]);
  });

  it('before it is measured', async () => {
    const firstName = 'e\u0301'.repeat(100);
    expect((await sendAsTyped('POST', '/users', newAccount({ firstName }))).status).toBe(201);
    expectInvalid(await test.api.post('/users', newAccount({ firstName: `${firstName}e\u0301` })), 'firstName');
  });
});

describe('A password', () => {
  it.each(FORMS)('is the same in each of its forms, with %s', async (_, sent, stored) => {
    const [one, other, third] = ['1', '2', '3'].map((digit) => [`Zq!${digit}kwpv${sent}`, `Zq!${digit}kwpv${stored}`]);
    const account = newAccount({ password: one?.[0] ?? '' });
    const { token, user } = await register(test.api, account);
    const name = { email: account.email };
    expect((await logIn(name, one?.[1])).status).toBe(200);
    const change = { currentPassword: one?.[1], newPassword: other?.[1] };
    expect((await test.api.put('/users/me/password', change, { token })).status).toBe(200);
    expect((await logIn(name, other?.[0])).status).toBe(200);
    const reset = await test.api.post(`/users/${user.id}/password-reset`, undefined, { token: admin.token });
    const { resetToken } = reset.body.data;
    expect((await test.api.post('/auth/reset-password', { resetToken, newPassword: third?.[0] })).status).toBe(200);
    for (const form of third ?? []) expect((await logIn(name, form)).status).toBe(200);
    expectFailure(await logIn(name, `${third?.[1]}x`), UNKNOWN);
  });

  it.each(FORMS)('whose hash is of the text as sent still works, and becomes one of NFC, with %s', async (_, sent) => {
    const account = newAccount();
    const { user } = await register(test.api, account);
    const password = `Zq!7kwpv${sent}`;
    const passwordHash = await hash(password, { type: argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 });
    await test.app.get(PrismaService).user.update({ where: { id: user.id }, data: { passwordHash } });
    const name = { username: account.username };
    expectFailure(await logIn(name, `${password}x`), UNKNOWN);
    expect((await logIn(name, password)).status).toBe(200);
    for (const form of [password, password.normalize('NFC'), password.normalize('NFD')]) {
      expect((await logIn(name, form)).status).toBe(200);
    }
  });

  it('is measured in NFC', async () => {
    const e = 'e\u0301';
    expectInvalid(await test.api.post('/users', newAccount({ password: `Zq7!${e.repeat(3)}` })), 'password');
    expect((await sendAsTyped('POST', '/users', newAccount({ password: `Zq7!${e.repeat(124)}` }))).status).toBe(201);
    expectInvalid(await test.api.post('/users', newAccount({ password: `Zq7!${e.repeat(125)}` })), 'password');
  });

  it('keeps its blanks', async () => {
    const account = newAccount({ password: ` ${PASSWORD} ` });
    await register(test.api, account);
    expectFailure(await logIn({ email: account.email }, PASSWORD), UNKNOWN);
  });
});

describe('An email or a username', () => {
  let account: Account;
  let mike: Session;
  beforeAll(async () => {
    const { username } = newAccount();
    account = newAccount({ username: `kmike${username}`, email: `kmike${username}@example.com` });
    mike = await register(test.api, account);
  });

  it.each([
    ['a Kelvin sign', '\u212a'],
    ['a full-width letter', '\uff4b'],
    ['a mathematical letter', '\u{1d424}'],
    ['a letter with a joiner', 'k\u200d'],
  ])('is not found with %s for its k, by login and by filter', async (_, letter) => {
    const [email, username] = [account.email.replace('k', letter), account.username.replace('k', letter)];
    expectFailure(await logIn({ email }), UNKNOWN);
    expectFailure(await logIn({ username }), UNKNOWN);
    expect((await list({ email })).body.data.users).toEqual([]);
    expect((await list({ username })).body.data.users).toEqual([]);
  });

  it('is found in capitals, by login and by filter', async () => {
    const [email, username] = [account.email.toUpperCase(), account.username.toUpperCase()];
    for (const name of names({ email, username })) {
      expect((await logIn(name)).status).toBe(200);
      expect((await list(name)).body.data.users).toHaveLength(1);
    }
  });

  it.each([' NAME', 'NAME ', '\tNAME\r\n', '\u00a0NAME\u00a0', '\ufeffNAME'])(
    'is found with blanks around it, by login and by filter: %j',
    async (pattern) => {
      const typed = (name: string) => pattern.replace('NAME', name);
      for (const name of names({ email: typed(account.email), username: typed(account.username) })) {
        expect((await logIn(name)).status).toBe(200);
        expect((await list(name)).body.data.users).toHaveLength(1);
      }
      const fresh = newAccount();
      const created = await sendAsTyped('POST', '/users', { ...fresh, email: typed(fresh.email) });
      expect(created.body.data.user.email).toBe(fresh.email);
      const { id } = created.body.data.user;
      const email = newAccount().email;
      const changed = await sendAsTyped('PATCH', `/users/${id}`, { email: typed(email) });
      expect(changed.body.data.user.email).toBe(email);
      expectInvalid(await test.api.post('/users', { ...newAccount(), email: typed('a b@example.com') }), 'email');
    },
  );

  it('may change in case alone without the password, and stays verified', async () => {
    await verifyEmail(test, mike.user.id);
    const reset = await test.api.post(`/users/${mike.user.id}/password-reset`, undefined, { token: admin.token });
    const { token } = mike;
    for (const email of [account.email.toUpperCase(), account.email.replace('kmike', 'kMike'), account.email]) {
      const { status, body } = await test.api.patch('/users/me', { email }, { token });
      expect({ status, user: body.data?.user }).toMatchObject({ status: 200, user: { email, emailVerified: true } });
    }
    expectInvalid(await test.api.patch('/users/me', { email: `x${account.email}` }, { token }), 'currentPassword');
    const { resetToken } = reset.body.data;
    const redeemed = await test.api.post('/auth/reset-password', { resetToken, newPassword: PASSWORD });
    expect(redeemed.status).toBe(200);
  });
});

describe('A pasted token', () => {
  it.each(['TOKEN\n', ' TOKEN', '\tTOKEN\u00a0'])('may have blanks around it: %j', async (pattern) => {
    const paste = (token: string) => pattern.replace('TOKEN', () => token);
    const { refreshToken, user } = await register(test.api, newAccount());
    expect((await test.api.post('/auth/refresh', { refreshToken: paste(refreshToken) })).status).toBe(200);
    const { body } = await test.api.post(`/users/${user.id}/password-reset`, undefined, { token: admin.token });
    const redeem = { resetToken: paste(body.data.resetToken), newPassword: OTHER_PASSWORD };
    expect((await test.api.post('/auth/reset-password', redeem)).status).toBe(200);
    const first = await list({ limit: '1' });
    const next = await list({ limit: '1', cursor: paste(first.body.data.pagination.nextCursor) });
    expect(next.status).toBe(200);
  });
});

describe('What a client leaves empty', () => {
  it.each(['firstName', 'lastName', 'phoneNumber', 'dateOfBirth'])(
    'is absent as null at registration: %s',
    async (name) => {
      const { status, body } = await test.api.post('/users', { ...newAccount({ firstName: 'A' }), [name]: null });
      expect({ status, value: body.data?.user[name] }).toEqual({ status: 201, value: null });
    },
  );

  it.each(['search=&status=', 'email=&username=&role=', 'search=%20', 'status=&sortBy=email', 'email=%09'])(
    'is absent as a filter: %s',
    async (query) => {
      const all = await test.api.get('/users', { token: admin.token });
      const { status, body } = await test.api.get(`/users?${query}`, { token: admin.token });
      expect(status).toBe(200);
      expect(body.data.pagination.totalItems).toBe(all.body.data.pagination.totalItems);
    },
  );

  it.each(['actorId=&targetId=', 'action=&outcome=', 'from=&to=', 'requestId='])(
    'is absent as a filter of the audit log: %s',
    async (query) => {
      const { status, body } = await test.api.get(`/audit-logs?${query}&limit=1`, { token: admin.token });
      expect({ status, entries: body.data?.auditLogs.length }).toEqual({ status: 200, entries: 1 });
    },
  );
});
