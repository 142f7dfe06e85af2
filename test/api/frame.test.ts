import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { type RawRequest, sendRaw } from '../support/raw-http.js';
import { KNOWN_PATHS, ofSelf } from '../support/routes.js';
import { failure, TIMESTAMP, UUID } from '../support/shapes.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH', 'LOCK', 'PURGE'];

describe('Every answer', () => {
  let test: TestApp;
  let user: Session;
  beforeAll(async () => {
    test = await startApp();
    user = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const send = (request: RawRequest) => sendRaw(test.api.origin, request);

  describe('envelope', () => {
    it('puts a result into data, beside a message if there is one', async () => {
      const { body: read } = await test.api.get('/users/me', { token: user.token });
      expect(Object.keys(read)).toEqual(['success', 'data']);
      expect(read).toMatchObject({ success: true, data: { user: { id: user.user.id } } });
      const { body: written } = await test.api.patch('/users/me', { bio: 'Likes looms.' }, { token: user.token });
      expect(Object.keys(written).toSorted()).toEqual(['data', 'message', 'success']);
      expect(written).toMatchObject({ success: true, message: 'User updated successfully' });
    });

    it('has null as data when there is no result', async () => {
      const account = newAccount();
      const { token } = await register(test.api, account);
      const passwords = { currentPassword: account.password, newPassword: `${account.password}2` };
      const { body } = await test.api.put('/users/me/password', passwords, { token });
      expect(body).toEqual({ success: true, data: null, message: 'Password updated successfully' });
    });

    it('puts a failure into error, with a time and the request id', async () => {
      const { body } = await test.api.get('/users/me');
      expect(body).toEqual({
        success: false,
        error: {
          code: 'UNAUTHORIZED',
          message: 'No token provided',
          reason: 'no_token',
          timestamp: expect.stringMatching(TIMESTAMP),
          requestId: expect.stringMatching(UUID),
        },
      });
    });

    it('lists each wrong field with its fault', async () => {
      const { body } = await test.api.post('/users', newAccount({ email: 'nowhere' }));
      expect(body).toEqual(failure('VALIDATION_ERROR'));
      expect(body.error.details).toEqual([{ field: 'email', rule: 'format', message: 'Invalid email format' }]);
    });
  });

  describe('X-Request-Id', () => {
    it.each(['abcd1234', 'A-._z0123', 'x'.repeat(128)])('keeps a well-formed id: %s', async (id) => {
      const { headers, body } = await test.api.get('/users/me', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).toBe(id);
      expect(body.error.requestId).toBe(id);
    });

    it.each(['short12', 'x'.repeat(129), 'with space', 'sem;colon', '{"json":1}', 'caf\u00e9caf\u00e9'])(
      'replaces a malformed id with a new UUID: %s',
      async (id) => {
        const { headers, body } = await test.api.get('/users/me', { headers: { 'x-request-id': id } });
        expect(headers.get('x-request-id')).toMatch(UUID);
        expect(body.error.requestId).toBe(headers.get('x-request-id'));
      },
    );

    it('differs from request to request', async () => {
      const answers = await Promise.all([1, 2, 3].map(() => test.api.get('/health/live')));
      expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(3);
    });

    const json = { 'content-type': 'application/json' };
    const text = { 'content-type': 'text/plain' };
    it.each<[string, number, RawRequest]>([
      ['a success', 200, { path: '/api/v1/health/live' }],
      ['OPTIONS', 204, { method: 'OPTIONS', path: '/api/v1/users' }],
      ['malformed JSON', 400, { method: 'POST', path: '/api/v1/users', headers: json, body: '{' }],
      ['a missing token', 401, { path: '/api/v1/users' }],
      ['a path that cannot be decoded', 401, { path: '/api/v1/users/%zz' }],
      ['an unknown route', 404, { path: '/api/v1/nowhere' }],
      ['an unknown route that cannot be decoded', 404, { path: '/%zz' }],
      ['a wrong method', 405, { method: 'PUT', path: '/api/v1/users' }],
      ['a large body', 413, { method: 'POST', path: '/api/v1/users', headers: json, body: ' '.repeat(65_537) }],
      ['an unsupported content type', 415, { method: 'POST', path: '/api/v1/users', headers: text, body: 'x' }],
    ])('is on the answer to %s, and also in the body of a failure', async (_, status, request) => {
      const answer = await send({ ...request, headers: { ...request.headers, 'x-request-id': 'request-1234' } });
      expect(answer.status).toBe(status);
      expect(answer.headers['x-request-id']).toBe('request-1234');
      expect(answer.body?.error?.requestId).toBe(status >= 400 ? 'request-1234' : undefined);
    });

    it('is on the answer to a CORS preflight', async () => {
      const origin = { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' };
      const { headers } = await send({ method: 'OPTIONS', path: '/api/v1/users', headers: origin });
      expect(headers['x-request-id']).toMatch(UUID);
    });
  });

  describe('unknown route', () => {
    it.each(['/', '/api', '/api/v1', '/api/v1/', '/api/v2/users', '/api/v1/user', '/api/v1/users/me/nothing'])(
      'answers 404 to every method on %s',
      async (path) => {
        for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND', 'OPTIONS']) {
          const { status, body } = await send({ method, path });
          expect({ method, status, body }).toEqual({ method, status: 404, body: failure('RESOURCE_NOT_FOUND') });
        }
      },
    );
  });

  describe('wrong method', () => {
    const cases = KNOWN_PATHS.map(({ path, methods }) => ({
      path,
      allow: methods.join(', '),
      wrong: METHODS.filter((method) => !methods.includes(method)),
    }));

    it.each(cases)(
      'answers 405 with Allow: $allow on $path, before it checks the token',
      async ({ path, allow, wrong }) => {
        for (const method of wrong) {
          const { status, headers, body } = await send({ method, path: ofSelf(path) });
          expect({ method, status, allow: headers.allow }).toEqual({ method, status: 405, allow });
          expect(body).toEqual(method === 'HEAD' ? undefined : failure('METHOD_NOT_ALLOWED'));
        }
      },
    );

    it.each<[string, Partial<RawRequest>]>([
      ['malformed JSON', { headers: { 'content-type': 'application/json' }, body: '{' }],
      ['an unsupported content type', { headers: { 'content-type': 'text/plain' }, body: 'x' }],
      ['a body over the limit', { headers: { 'content-type': 'application/json' }, body: ' '.repeat(65_537) }],
      ['a bad token', { headers: { authorization: 'Bearer bad' } }],
    ])('answers 405 whatever else is wrong: %s', async (_, request) => {
      const { status } = await send({ ...request, method: 'PUT', path: '/api/v1/users/me' });
      expect(status).toBe(405);
    });
  });

  describe('HEAD', () => {
    it.each(['/api/v1/users/me', '/api/v1/users', '/api/v1/health', '/api/v1/health/live', '/api/v1/health/ready'])(
      'returns the headers of GET %s without the body',
      async (path) => {
        const { token } = await test.admin();
        const request = { path, headers: { authorization: `Bearer ${token}`, 'x-request-id': 'request-1234' } };
        const get = await send(request);
        const head = await send({ ...request, method: 'HEAD' });
        expect(head.status).toBe(get.status);
        expect(head.bytes).toHaveLength(0);
        const { date: _, 'content-length': length, ...same } = head.headers;
        // The HEAD request counts towards the rate limit too.
        for (const name of ['ratelimit-remaining', 'ratelimit-reset']) delete same[name];
        expect(get.headers).toMatchObject(same);
        // The health report holds times, which vary in length.
        const sameLength = path === '/api/v1/health' || length === get.headers['content-length'];
        expect(sameLength).toBe(true);
      },
    );

    it('needs a token on every route whose GET needs one', async () => {
      expect((await send({ method: 'HEAD', path: '/api/v1/users/me' })).status).toBe(401);
    });
  });

  describe('OPTIONS', () => {
    it.each(KNOWN_PATHS)('answers 204 with the methods of $path, without a token', async ({ path, methods }) => {
      const { status, headers, text } = await send({ method: 'OPTIONS', path: ofSelf(path) });
      expect({ status, allow: headers.allow, text }).toEqual({ status: 204, allow: methods.join(', '), text: '' });
    });
  });
});
