import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';
import { KNOWN_PATHS } from '../support/routes.js';
import { decodeToken, resigned, signToken } from '../support/tokens.js';

const MAX = 12;
const TOO_MANY = 'Too many requests. Please try again later.';

let made = 0;
/** An address that no request has come from yet. */
const newAddress = () => `10.1.${Math.floor(++made / 250)}.${(made % 250) + 1}`;

const from = (address: string, headers: Readonly<Record<string, string>> = {}) => ({
  headers: { 'x-forwarded-for': address, ...headers },
});
const left = (answer: { headers: Headers }) => Number(answer.headers.get('ratelimit-remaining'));

/** The same token, but expired. */
function expired(token: string): string {
  const { header, claims } = decodeToken(token);
  return signToken({ header, claims: { ...claims, exp: 1_700_000_000 } }, SECRETS.JWT_SECRET);
}

describe('The rate limit', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ RATE_LIMIT_MAX_REQUESTS: String(MAX), TRUST_PROXY: '127.0.0.1' });
  });
  afterAll(() => test.close());

  const ask = (address: string, token?: string) => test.api.get('/users/me', { token, ...from(address) });
  const exhaust = async (address: string, token?: string) => {
    for (let n = 0; n < MAX; n += 1) await ask(address, token);
  };
  const newSession = async (): Promise<Session> => {
    const address = newAddress();
    const account = newAccount();
    await test.api.post('/users', account, from(address));
    const { body } = await test.api.post(
      '/auth/login',
      { email: account.email, password: account.password },
      from(address),
    );
    return { token: body.data.accessToken, refreshToken: body.data.refreshToken, user: body.data.user };
  };

  it('counts down on every answer, then refuses with 429, the envelope and Retry-After', async () => {
    const address = newAddress();
    for (let n = 1; n <= MAX; n += 1) {
      const answer = await ask(address);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('ratelimit-limit')).toBe(String(MAX));
      expect(left(answer)).toBe(MAX - n);
      expect(Number(answer.headers.get('ratelimit-reset'))).toBeGreaterThan(50);
      expect([...answer.headers.keys()].some((name) => name.startsWith('x-ratelimit'))).toBe(false);
    }
    const refused = await ask(address);
    expect(refused.status).toBe(429);
    expect(refused.body.error).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', message: TOO_MANY });
    expect(left(refused)).toBe(0);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect((await ask(newAddress())).status).toBe(401);
  });

  it('admits no more of many parallel requests than the limit allows', async () => {
    const address = newAddress();
    const answers = await Promise.all(Array.from({ length: 5 * MAX }, () => ask(address)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(MAX);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(4 * MAX);
  });

  it('admits requests again when the window is over', async () => {
    const brief = await startApp({ RATE_LIMIT_MAX_REQUESTS: '2', RATE_LIMIT_WINDOW_MS: '1500' });
    try {
      const send = () => brief.api.get('/users/me');
      const first = [await send(), await send(), await send()];
      expect(first.map(({ status }) => status)).toEqual([401, 401, 429]);
      const retryAfter = Number(first[2]?.headers.get('retry-after'));
      await new Promise((resolve) => setTimeout(resolve, retryAfter * 1_000));
      expect(left(await send())).toBe(1);
    } finally {
      await brief.close();
    }
  });

  it.each<[string, (address: string) => Promise<{ status: number }>, number]>([
    ['an unknown route', (address) => test.api.get('/nothing', from(address)), 404],
    ['an unknown path outside of the API', (address) => test.api.get('//nothing', from(address)), 404],
    ['a wrong method', (address) => test.api.send('PUT', '/users', { ...from(address) }), 405],
    ['malformed JSON', (address) => test.api.send('POST', '/users', { ...from(address), raw: '{' }), 400],
    [
      'an unsupported media type',
      (address) => test.api.send('POST', '/users', { ...from(address, { 'content-type': 'text/plain' }), raw: 'x' }),
      415,
    ],
    [
      'a body that is too large',
      (address) => test.api.send('POST', '/users', { ...from(address), raw: ' '.repeat(70_000) }),
      413,
    ],
    ['a garbage token', (address) => test.api.get('/users/me', { ...from(address), token: 'garbage' }), 401],
    ['a malformed refresh', (address) => test.api.send('POST', '/auth/refresh', { ...from(address), raw: '[' }), 400],
    ['an empty refresh', (address) => test.api.post('/auth/refresh', undefined, from(address)), 401],
    [
      'a refresh that is too large',
      (address) => test.api.send('POST', '/auth/refresh', { ...from(address), raw: ' '.repeat(17_000) }),
      413,
    ],
    ['a garbage refresh token', (address) => test.api.post('/auth/refresh', { refreshToken: 'x' }, from(address)), 401],
    ['a refresh with a wrong method', (address) => test.api.get('/auth/refresh', from(address)), 405],
    ['OPTIONS on an unknown route', (address) => test.api.send('OPTIONS', '/nothing', from(address)), 404],
  ])('counts %s, and refuses it past the limit', async (_, send, status) => {
    const address = newAddress();
    expect((await send(address)).status).toBe(status);
    expect(left(await ask(address))).toBe(MAX - 2);
    await exhaust(address);
    expect((await send(address)).status).toBe(429);
  });

  it('counts a user by the token at any address, and separately from others at the same address', async () => {
    const [one, other] = [await newSession(), await newSession()];
    const address = newAddress();
    await exhaust(address, one.token);
    expect((await ask(address, one.token)).status).toBe(429);
    expect((await ask(newAddress(), one.token)).status).toBe(429);
    expect((await ask(address, other.token)).status).toBe(200);
    expect(left(await ask(address))).toBe(MAX - 1);
  });

  it('counts a request for the user of its token even if its session has ended, but not if the token has expired', async () => {
    const { token } = await newSession();
    const address = newAddress();
    await test.api.post('/auth/logout', undefined, { token, ...from(address) });
    for (const dead of [token, expired(token)]) expect((await ask(address, dead)).status).toBe(401);
    expect(left(await ask(newAddress(), token))).toBe(MAX - 3);
    expect(left(await ask(address))).toBe(MAX - 2);
  });

  it('counts a request by address if the signature of its token is wrong', async () => {
    const { token } = await newSession();
    const address = newAddress();
    expect(
      (
        await ask(
          address,
          resigned(token, (signature) => signature.map((byte) => byte ^ 1) as Buffer),
        )
      ).status,
    ).toBe(401);
    expect(left(await ask(address))).toBe(MAX - 2);
    expect(left(await ask(newAddress(), token))).toBe(MAX - 1);
  });

  it('counts a refresh by the user of the refresh token, and not by the address or the access token', async () => {
    const [one, other] = [await newSession(), await newSession()];
    const address = newAddress();
    await exhaust(address);
    const refreshed = await test.api.post(
      '/auth/refresh',
      { refreshToken: one.refreshToken },
      { ...from(address), token: other.token },
    );
    expect(refreshed.status).toBe(200);
    expect(left(refreshed)).toBe(MAX - 1);
    expect(left(await ask(address, other.token))).toBe(MAX - 1);
    await exhaust(newAddress(), one.token);
    const { status } = await test.api.post('/auth/refresh', { refreshToken: one.refreshToken }, from(newAddress()));
    expect(status).toBe(429);
  });

  it('counts all addresses of an IPv6 /64 together, and an IPv4-mapped address as its IPv4 address', async () => {
    for (let n = 1; n < MAX; n += 1) await ask(`2001:db8:7:1:${n}::${n}`);
    expect(left(await ask('2001:DB8:7:1:ffff:ffff:ffff:ffff'))).toBe(0);
    expect((await ask('2001:db8:7:1::')).status).toBe(429);
    expect((await ask('2001:db8:7:2::1')).status).toBe(401);
    const address = newAddress();
    await ask(`::ffff:${address}`);
    expect(left(await ask(address))).toBe(MAX - 2);
  });

  it('does not apply to health, readiness, liveness and the public keys', async () => {
    const uncounted = KNOWN_PATHS.map(({ path }) => path).filter((path) => /health|jwks/.test(path));
    expect(uncounted).toHaveLength(4);
    const address = newAddress();
    for (const path of uncounted) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await sendRaw(test.api.origin, { method, path, headers: { 'x-forwarded-for': address } });
        expect([answer.status, answer.headers['ratelimit-limit']]).toEqual([200, undefined]);
      }
    }
    expect(left(await ask(address))).toBe(MAX - 1);
  });

  it.each<[string, string, Record<string, string>, object]>([
    ['a preflight', '/users', { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' }, {}],
    ['a preflight of the refresh', '/auth/refresh', { origin: 'http://localhost:3000' }, {}],
    ['a preflight of a foreign origin', '/users/me', { origin: 'http://evil.test' }, {}],
    ['OPTIONS', '/users/me/sessions', {}, {}],
    ['OPTIONS with a malformed body', '/auth/login', { 'content-type': 'application/json' }, { raw: '{' }],
  ])('does not apply to %s, also past the limit', async (_, path, headers, request) => {
    const address = newAddress();
    const options = () => test.api.send('OPTIONS', path, { ...from(address, headers), ...request });
    const first = await options();
    expect([first.status, first.headers.get('ratelimit-limit')]).toEqual([204, null]);
    expect(left(await ask(address))).toBe(MAX - 1);
    await exhaust(address);
    expect((await ask(address)).status).toBe(429);
    expect((await options()).status).toBe(204);
  });

  it.each([
    ['a port', (address: string) => `${address}:51234`],
    ['quotes', (address: string) => `"${address}"`],
    ['a port, in quotes', (address: string) => `"${address}:1"`],
    ['the port of a trusted proxy behind it', (address: string) => `${address}:51234, 127.0.0.1:4711`],
    ['blanks and a forged entry before it', (address: string) => `10.9.9.9,  ${address}:80 `],
  ])('reads the address of an X-Forwarded-For with %s', async (_, write) => {
    const address = newAddress();
    expect(left(await ask(write(address)))).toBe(MAX - 1);
    expect(left(await ask(address))).toBe(MAX - 2);
  });

  it.each(['[2001:db8:9:1::5]:4711', '"[2001:db8:9:2::5]:4711"', '[2001:db8:9:3::5]', '"2001:db8:9:4::5"'])(
    'reads the IPv6 address of the X-Forwarded-For %s',
    async (entry) => {
      expect(left(await ask(entry))).toBe(MAX - 1);
      expect(left(await ask(entry.replace(/["[\]]|:4711/g, '')))).toBe(MAX - 2);
    },
  );

  it('takes the address from the socket when no proxy is trusted', async () => {
    const direct = await startApp({ RATE_LIMIT_MAX_REQUESTS: '2' });
    try {
      const statuses = [];
      for (let n = 0; n < 3; n += 1) statuses.push((await direct.api.get('/users/me', from(newAddress()))).status);
      expect(statuses).toEqual([401, 401, 429]);
    } finally {
      await direct.close();
    }
  });

  it('lets a page of an allowed origin read its headers', async () => {
    const { headers } = await test.api.get('/users/me', from(newAddress(), { origin: 'http://localhost:3000' }));
    expect(headers.get('access-control-expose-headers')).toMatch(
      /RateLimit-Limit.*RateLimit-Remaining.*RateLimit-Reset/,
    );
  });
});
