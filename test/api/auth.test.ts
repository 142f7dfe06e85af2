import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setStatus } from '../support/accounts.js';
import { DEAD_TOKEN, expectFailure, expectInvalid, sameForAll } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiRequest } from '../support/client.js';
import { type Account, newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { onServers } from '../support/stores.js';
import { decodeToken } from '../support/tokens.js';

const WRONG = { status: 401, code: 'UNAUTHORIZED', message: 'Invalid credentials' };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let test: TestApp;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
});
beforeEach(async () => {
  account = newAccount();
  ada = await register(test.api, account);
});
afterAll(() => test.close());

describe('POST /auth/login', () => {
  it('returns the user and a pair of tokens, and nothing else', async () => {
    const before = Date.now();
    const { email, password } = account;
    const { status, headers, body } = await test.api.post('/auth/login', { email, password });
    const jwt = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const lifetimes = { expiresIn: 3_600, refreshExpiresIn: 604_800 };
    const tokens = { accessToken: jwt, refreshToken: jwt, tokenType: 'Bearer', ...lifetimes };
    const sessionId = expect.stringMatching(UUID);
    const user = { ...ada.user, lastLogin: body.data.user.lastLogin };
    expect({ status, body }).toEqual({ status: 200, body: { success: true, data: { user, ...tokens, sessionId } } });
    expect(Date.parse(body.data.user.lastLogin)).toBeGreaterThanOrEqual(before);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['email', () => ({ email: account.email })],
    ['email in capitals', () => ({ email: account.email.toUpperCase() })],
    ['username', () => ({ username: account.username })],
    ['username in capitals', () => ({ username: account.username.toUpperCase() })],
  ])('accepts the %s', async (_, name) => {
    const { status, body } = await test.api.post('/auth/login', { ...name(), password: PASSWORD });
    expect({ status, id: body.data?.user.id }).toEqual({ status: 200, id: ada.user.id });
  });

  it.each([
    ['neither email nor username', { password: PASSWORD }],
    ['both email and username', { email: 'a@example.com', username: 'abc', password: PASSWORD }],
    ['no password', { email: 'a@example.com' }],
    ['a null password', { email: 'a@example.com', password: null }],
    ['a password that is a number', { email: 'a@example.com', password: 12_345_678 }],
    ['a null email', { email: null, password: PASSWORD }],
    ['a list of emails', { email: ['a@example.com'], password: PASSWORD }],
    ['a username that is an object', { username: { not: '' }, password: PASSWORD }],
    ['an unknown field', { email: 'a@example.com', password: PASSWORD, remember: true }],
    ['nothing', {}],
    ['a list', []],
    ['no body', undefined],
  ])('answers 400 to %s', async (_, body) => {
    expectFailure(await test.api.post('/auth/login', body), { status: 400, code: 'VALIDATION_ERROR' });
  });

  it('gives the same answer to a wrong password for any account and to an unknown or deleted account', async () => {
    const [deleted, suspended, inactive] = [newAccount(), newAccount(), newAccount()];
    const { token } = await register(test.api, deleted);
    await test.api.delete('/users/me', { token });
    await setStatus(test, (await register(test.api, suspended)).user.id, 'suspended');
    await setStatus(test, (await register(test.api, inactive)).user.id, 'inactive');
    const password = OTHER_PASSWORD;
    const logins = [
      { email: account.email, password },
      { username: account.username, password },
      { email: newAccount().email, password },
      { username: newAccount().username, password },
      { email: 'no email at all', password },
      { email: deleted.email, password: PASSWORD },
      { email: suspended.email, password },
      { email: inactive.email, password },
      { email: account.email, password: PASSWORD.toLowerCase() },
      { email: account.email, password: ` ${PASSWORD}` },
      { email: account.username, password: PASSWORD },
    ];
    const answers = await Promise.all(logins.map((body) => test.api.post('/auth/login', body)));
    for (const answer of answers) {
      expectFailure(answer, WRONG);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect(new Set(answers.map((answer) => JSON.stringify(sameForAll(answer)))).size).toBe(1);
  });

  it.each(['suspended', 'inactive'] as const)('answers 403 to the right password of a %s account', async (status) => {
    await setStatus(test, ada.user.id, status);
    const { email, password } = account;
    const answer = await test.api.post('/auth/login', { email, password });
    expectFailure(answer, { status: 403, code: 'FORBIDDEN' });
    await setStatus(test, ada.user.id, 'active');
    await login(test.api, account);
  });

  it('issues an access token and a refresh token with the claims of one session', async () => {
    const access = decodeToken(ada.token);
    const refresh = decodeToken(ada.refreshToken);
    expect(access.header).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    expect(refresh.header).toEqual({ alg: 'HS256', typ: 'rt+jwt' });
    for (const { claims } of [access, refresh]) {
      expect(claims).toEqual({
        iss: 'user-management-api',
        aud: 'user-management-api',
        sub: ada.user.id,
        sid: expect.stringMatching(UUID),
        jti: expect.any(String),
        iat: access.claims['iat'],
        exp: expect.any(Number),
      });
    }
    expect(refresh.claims['sid']).toBe(access.claims['sid']);
    expect(refresh.claims['jti']).not.toBe(access.claims['jti']);
    expect(Number(access.claims['exp']) - Number(access.claims['iat'])).toBe(3_600);
    expect(Number(refresh.claims['exp']) - Number(refresh.claims['iat'])).toBe(7 * 86_400);
    expect(Math.abs(Number(access.claims['iat']) - Date.now() / 1_000)).toBeLessThan(60);
  });
});

describe('POST /auth/logout', () => {
  it.each([
    ['no body', {}],
    ['an empty body', { raw: '' }],
    ['{}', { raw: '{}' }],
    ['an empty body without a content type', { headers: { 'content-length': '0' } }],
  ] as [string, ApiRequest][])('accepts %s, and ends both tokens at once', async (_, request) => {
    const { token, refreshToken } = ada;
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
    const { status, text } = await test.api.send('POST', '/auth/logout', { token, ...request });
    expect({ status, text }).toEqual({ status: 204, text: '' });
    const after = [
      await test.api.get('/users/me', { token }),
      await test.api.post('/auth/refresh', { refreshToken }),
      await test.api.post('/auth/logout', undefined, { token }),
    ];
    for (const answer of after) {
      expectFailure(answer, DEAD_TOKEN);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
  });

  it.each([[{ refreshToken: 'x' }], [{ everywhere: true }], [[1]], ['text'], [7]])(
    'answers 400 to the body %j, and the session stays active',
    async (body) => {
      const { token } = ada;
      const answer = await test.api.post('/auth/logout', body, { token });
      expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR' });
      expect((await test.api.get('/users/me', { token })).status).toBe(200);
    },
  );

  it('answers 401 without a token', async () => {
    const answer = await test.api.post('/auth/logout');
    expectFailure(answer, { status: 401, code: 'UNAUTHORIZED', message: 'No token provided' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('ends one session, and keeps the other sessions of the user', async () => {
    const other = await login(test.api, account);
    expect(decodeToken(other.token).claims['sid']).not.toBe(decodeToken(ada.token).claims['sid']);
    await test.api.post('/auth/logout', undefined, { token: ada.token });
    expect((await test.api.get('/users/me', { token: other.token })).status).toBe(200);
    const { refreshToken } = other;
    expect((await test.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
  });
});

describe('an unknown field', () => {
  it('is named in the error of login and refresh', async () => {
    const credentials = { email: account.email, password: PASSWORD };
    expectInvalid(await test.api.post('/auth/login', { ...credentials, otp: '1' }), 'otp');
    expectInvalid(await test.api.post('/auth/refresh', { refreshToken: ada.refreshToken, otp: '1' }), 'otp');
  });
});

// Only one process at a time can use the embedded stores.
if (onServers) {
  describe('on two instances with the same stores', () => {
    let second: TestApp;
    beforeAll(async () => {
      second = await startApp({}, test.stores);
    });
    afterAll(() => second.close());

    /** Asks the other instance until it refuses the token, and returns how long that took (ms). */
    async function refusedAfter(token: string): Promise<number> {
      const start = Date.now();
      while (Date.now() - start < 5_000) {
        if ((await second.api.get('/users/me', { token })).status === 401) break;
      }
      return Date.now() - start;
    }

    it.each([
      ['logout', () => test.api.post('/auth/logout', undefined, { token: ada.token }), 204],
      ['deletion', () => test.api.delete('/users/me', { token: ada.token }), 204],
    ] as const)(
      'a %s ends the session at once on the instance that answered, and within 1 s on the other',
      async (_, end, status) => {
        const { token, refreshToken } = ada;
        for (const { api } of [test, second]) expect((await api.get('/users/me', { token })).status).toBe(200);
        expect((await end()).status).toBe(status);
        expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
        expect(await refusedAfter(token)).toBeLessThan(1_000);
        expectFailure(await second.api.post('/auth/refresh', { refreshToken }), DEAD_TOKEN);
      },
    );

    it('a change of profile is visible on the other instance within 1 s', async () => {
      const { token } = ada;
      for (const { api } of [test, second]) await api.get('/users/me', { token });
      await test.api.patch('/users/me', { bio: 'Changed' }, { token });
      expect((await test.api.get('/users/me', { token })).body.data.user.bio).toBe('Changed');
      const deadline = Date.now() + 1_000;
      let seen: unknown;
      while (seen !== 'Changed' && Date.now() < deadline) {
        seen = (await second.api.get('/users/me', { token })).body.data.user.bio;
      }
      expect(seen).toBe('Changed');
    });
  });
}
