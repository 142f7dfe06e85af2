import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { DEAD_TOKEN, expectFailure, expectInvalid } from '../support/answers.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, PASSWORD } from '../support/factories.js';

const DELIVERY = { 'x-refresh-token-delivery': 'cookie' };
const ASKED = { 'x-requested-with': 'fetch' };
const NO_TOKEN = { status: 401, code: 'UNAUTHORIZED', message: 'No token provided', reason: 'no_token' } as const;

/** The cookie of a refresh token that an answer sets, with its attributes in lower case. */
function cookieOf({ headers }: ApiAnswer, name = 'refresh') {
  const line = headers.getSetCookie().find((one) => one.startsWith(`${name}=`));
  if (line === undefined) return undefined;
  const [pair = '', ...attributes] = line.split('; ');
  return {
    pair,
    token: pair.slice(name.length + 1),
    attributes: attributes.map((one) => one.toLowerCase()).toSorted(),
  };
}

describe('A refresh token in a cookie', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ CORS_ORIGIN: 'https://app.test', RATE_LIMIT_MAX_REQUESTS: '100000' });
  });
  afterAll(() => test.close());

  const refresh = (headers: Readonly<Record<string, string>>, body?: unknown) =>
    test.api.post('/auth/refresh', body, { headers });
  const logout = (headers: Readonly<Record<string, string>>, token?: string) =>
    test.api.post('/auth/logout', undefined, { headers, token });

  async function loggedIn() {
    const account = newAccount();
    await test.api.post('/users', account);
    const answer = await test.api.post(
      '/auth/login',
      { email: account.email, password: PASSWORD },
      { headers: DELIVERY },
    );
    expect(answer.status).toBe(200);
    const cookie = cookieOf(answer);
    return { answer, token: String(answer.body.data.accessToken), cookie: cookie?.pair ?? '', set: cookie };
  }

  it('comes at a login that asks for it, and not in the body', async () => {
    const { answer, set } = await loggedIn();
    expect(answer.body.data).toMatchObject({ refreshToken: null, tokenType: 'Bearer', refreshExpiresIn: 604_800 });
    expect(set?.attributes).toEqual(['httponly', 'max-age=604800', 'path=/', 'samesite=strict']);
    expect(set?.token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    // Beside the cookie of the device.
    expect(answer.headers.getSetCookie()).toHaveLength(2);
    const plain = await register(test.api, newAccount());
    expect(plain.refreshToken).toEqual(expect.any(String));
  });

  it('is exchanged without a body or with an empty one, and the answer sets the next', async () => {
    const { cookie } = await loggedIn();
    const first = await refresh({ cookie, ...ASKED });
    expect(first).toMatchObject({
      status: 200,
      body: { data: { refreshToken: null, accessToken: expect.any(String) } },
    });
    const next = cookieOf(first);
    expect(next?.pair).not.toBe(cookie);
    const second = await refresh({ cookie: `other=1; ${next?.pair}`, ...ASKED, origin: 'https://app.test' }, {});
    expect(second.status).toBe(200);
    // The first again, after the second has been used: it was stolen.
    expectFailure(await refresh({ cookie, ...ASKED }), DEAD_TOKEN);
    expectFailure(await refresh({ cookie: cookieOf(second)?.pair ?? '', ...ASKED }), DEAD_TOKEN);
  });

  it('counts only with X-Requested-With, and from our own or an allowed origin; otherwise nothing changes', async () => {
    const { cookie } = await loggedIn();
    const { host, origin } = new URL(test.api.origin);
    const refused: Readonly<Record<string, string>>[] = [
      { cookie },
      { cookie, 'x-requested-with': '' },
      { cookie, ...ASKED, origin: 'https://evil.test' },
      { cookie, ...ASKED, origin: 'null' },
      { cookie, ...ASKED, origin: `https://${host}.evil.test` },
      { cookie, ...ASKED, origin: 'https://app.test.evil.test' },
      { ...ASKED },
      { cookie: 'refresh=', ...ASKED },
    ];
    for (const headers of refused) {
      expectFailure(await refresh(headers), NO_TOKEN);
      expectFailure(await logout(headers), NO_TOKEN);
    }
    expect((await refresh({ cookie, ...ASKED, origin })).status).toBe(200);
  });

  it('gives way to a token in the body, and repairs no wrong body', async () => {
    const { cookie } = await loggedIn();
    const other = await register(test.api, newAccount());
    const answer = await refresh({ cookie, ...ASKED }, { refreshToken: other.refreshToken });
    expect(answer.body.data.sessionId).not.toBe('');
    expect([answer.status, cookieOf(answer)]).toEqual([200, undefined]);
    expect(answer.body.data.refreshToken).toEqual(expect.any(String));
    expectFailure(await refresh({ cookie, ...ASKED }, { refreshToken: 'x' }), DEAD_TOKEN);
    expectInvalid(await refresh({ cookie, ...ASKED }, { refreshToken: null }), 'refreshToken');
    expectInvalid(await refresh({ cookie, ...ASKED }, { other: 1 }), 'other');
    expect((await refresh({ cookie, ...ASKED })).status).toBe(200);
  });

  it('may be asked for with a token in the body', async () => {
    const { refreshToken } = await register(test.api, newAccount());
    const answer = await refresh(DELIVERY, { refreshToken });
    expect(answer.body.data.refreshToken).toBeNull();
    expect((await refresh({ cookie: cookieOf(answer)?.pair ?? '', ...ASKED })).status).toBe(200);
  });

  it.each(['body', 'Cookie', ''])('is not delivered as %j', async (delivery) => {
    const account = newAccount();
    await test.api.post('/users', account);
    const headers = { 'x-refresh-token-delivery': delivery };
    const credentials = { email: account.email, password: PASSWORD };
    expectInvalid(await test.api.post('/auth/login', credentials, { headers }), 'X-Refresh-Token-Delivery');
  });

  it('ends its session at a logout, which clears it, also when the access token is bad', async () => {
    for (const bearer of [undefined, 'expired']) {
      const { cookie, token } = await loggedIn();
      const answer = await logout({ cookie, ...ASKED }, bearer);
      expect(answer.status).toBe(204);
      expect(cookieOf(answer)).toMatchObject({ token: '', attributes: expect.arrayContaining(['max-age=0']) });
      expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
      expectFailure(await refresh({ cookie, ...ASKED }), DEAD_TOKEN);
      expectFailure(await logout({ cookie, ...ASKED }), DEAD_TOKEN);
    }
    const { cookie, token } = await loggedIn();
    const byToken = await logout({ cookie }, token);
    expect([byToken.status, cookieOf(byToken)?.token]).toEqual([204, '']);
    expectFailure(await logout({}, 'bad'), DEAD_TOKEN);
  });

  it('opens no other route', async () => {
    const { cookie } = await loggedIn();
    expectFailure(await test.api.get('/users/me', { headers: { cookie, ...ASKED } }), NO_TOKEN);
    expectFailure(await test.api.post('/roles', { name: 'x' }, { headers: { cookie, ...ASKED } }), NO_TOKEN);
  });

  it('counts for its user, as a token in a body does', async () => {
    const limited = await startApp({ RATE_LIMIT_MAX_REQUESTS: '3' });
    try {
      const account = newAccount();
      await limited.api.post('/users', account);
      const login = await limited.api.post(
        '/auth/login',
        { email: account.email, password: PASSWORD },
        { headers: DELIVERY },
      );
      const headers = { cookie: cookieOf(login)?.pair ?? '', ...ASKED };
      // Two of the address's three are gone; the user's three are not.
      const remaining = async () =>
        (await limited.api.post('/auth/refresh', undefined, { headers })).headers.get('ratelimit-remaining');
      expect(await remaining()).toBe('2');
    } finally {
      await limited.close();
    }
  });

  it('is a __Host- cookie in production, with the configured SameSite, and PUBLIC_URL is its own origin', async () => {
    const production = await startApp({
      NODE_ENV: 'production',
      ARGON2_MEMORY_KIB: '19456',
      ARGON2_TIME_COST: '2',
      COOKIE_SAMESITE: 'none',
      PUBLIC_URL: 'https://accounts.test/id',
      CORS_ORIGIN: 'https://app.test',
    });
    try {
      const account = newAccount();
      await production.api.post('/users', account);
      const answer = await production.api.post(
        '/auth/login',
        { email: account.email, password: PASSWORD },
        { headers: DELIVERY },
      );
      const set = cookieOf(answer, '__Host-refresh');
      expect(set?.attributes).toEqual(['httponly', 'max-age=604800', 'path=/', 'samesite=none', 'secure']);
      const attempt = (origin: string) =>
        production.api.post('/auth/refresh', undefined, { headers: { cookie: set?.pair ?? '', ...ASKED, origin } });
      expectFailure(await attempt(production.api.origin), NO_TOKEN);
      const allowed = await attempt('https://accounts.test');
      expect(allowed.status).toBe(200);
      expect(cookieOf(allowed)).toBeUndefined();
      // A page on an allowed origin may send and read it.
      expect((await attempt('https://app.test')).headers.get('access-control-allow-credentials')).toBe('true');
    } finally {
      await production.close();
    }
  });
});
