import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { sendRaw } from '../support/raw-http.js';

const ORIGIN = 'http://localhost:3000';
const ALLOWED =
  'Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, X-Device-Token, X-Refresh-Token-Delivery, X-Requested-With, Cache-Control, traceparent, tracestate';
const EXPOSED =
  'ETag, Location, Retry-After, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id, X-Device-Token, Idempotency-Replayed';

const corsOf = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('The headers of every answer', () => {
  let test: TestApp;
  let admin: Session;
  beforeAll(async () => {
    test = await startApp();
    await inParallel(5, () => register(test.api, newAccount()));
    admin = await test.admin();
  });
  afterAll(() => test.close());

  const get = (path: string, headers: Record<string, string>) =>
    sendRaw(test.api.origin, { path, headers: { authorization: `Bearer ${admin.token}`, ...headers } });

  const preflight = (origin: string) =>
    sendRaw(test.api.origin, {
      method: 'OPTIONS',
      path: '/api/v1/users',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });

  describe('compression', () => {
    it.each([
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ])('is %s for an answer over 1 KiB if the client accepts it', async (encoding, decompress) => {
      const { headers, bytes } = await get('/api/v1/users', { 'accept-encoding': encoding });
      const plain = await get('/api/v1/users', {});
      expect(plain.bytes.length).toBeGreaterThan(1_024);
      expect(headers['content-encoding']).toBe(encoding);
      expect(headers.vary).toMatch(/accept-encoding/i);
      expect(decompress(bytes).toString()).toBe(plain.text);
    });

    it.each([
      ['an answer under 1 KiB', '/api/v1/users/me', 'gzip, br'],
      ['a client that accepts none', '/api/v1/users', 'identity'],
      ['a client that accepts only zstd', '/api/v1/users', 'zstd'],
    ])('is left out for %s', async (_, path, accept) => {
      const { status, headers } = await get(path, { 'accept-encoding': accept });
      expect(status).toBe(200);
      expect(headers['content-encoding']).toBeUndefined();
    });
  });

  it.each(['/api/v1/users/me', '/api/v1/users', '/api/v1/health', '/api/v1/nowhere', '/nowhere', '/api/v1/users/%zz'])(
    'protect the browser on %s, and do not name the server',
    async (path) => {
      const { headers } = await get(path, {});
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'strict-transport-security': expect.stringMatching(/max-age=\d{7,}/),
        'content-security-policy': expect.stringMatching(/default-src 'self'.*frame-ancestors 'none'/),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
    },
  );

  it.each([
    ['/api/v1/users', 'no-store'],
    ['/api/v1/users/me', 'private, no-cache'],
    ['/api/v1/users/not-an-id', 'no-store'],
    ['/api/v1/nowhere', 'no-store'],
  ])('set the Cache-Control of GET %s to %s', async (path, value) => {
    expect((await get(path, {})).headers['cache-control']).toBe(value);
  });

  it('forbid caching of answers to writes and answers with tokens', async () => {
    const account = newAccount();
    const answers = [
      await test.api.post('/users', account),
      await test.api.post('/auth/login', account.email),
      await test.api.post('/auth/login', { email: account.email, password: account.password }),
      await test.api.patch('/users/me', { bio: 'x' }, { token: admin.token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 400, 200, 200]);
    for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store');
  });

  describe('CORS', () => {
    it('answers the preflight of a listed origin', async () => {
      const { status, headers, text } = await preflight(ORIGIN);
      expect({ status, text }).toEqual({ status: 204, text: '' });
      expect(headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-headers': ALLOWED,
        'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
        vary: expect.stringContaining('Origin'),
      });
    });

    it.each(['/api/v1/users/me', '/api/v1/users/not-an-id', '/api/v1/nowhere'])(
      'lets a listed origin read the answer of %s and its headers',
      async (path) => {
        const { headers } = await get(path, { origin: ORIGIN });
        expect(headers).toMatchObject({
          'access-control-allow-origin': ORIGIN,
          'access-control-expose-headers': EXPOSED,
          vary: expect.stringContaining('Origin'),
        });
      },
    );

    it.each([
      'null',
      'http://localhost',
      'http://localhost:30000',
      'http://localhost:300',
      'https://localhost:3000',
      'http://localhost:3000.evil.test',
      'http://evil.test/http://localhost:3000',
      'http://evilhttp://localhost:3000',
      'http://sub.localhost:3000',
      'HTTP://LOCALHOST:3000',
      'http://localhost:3000/',
      '*',
    ])('sends no CORS headers to the origin %s', async (origin) => {
      expect(corsOf((await preflight(origin)).headers)).toEqual({});
      const answer = await get('/api/v1/users/me', { origin });
      expect(answer.status).toBe(200);
      expect(corsOf(answer.headers)).toEqual({});
      expect(answer.headers.vary).toContain('Origin');
    });

    it('sends no CORS headers to a request without an Origin', async () => {
      expect(corsOf((await get('/api/v1/users/me', {})).headers)).toEqual({});
    });
  });
});
