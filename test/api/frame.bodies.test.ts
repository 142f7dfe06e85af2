import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { type RawRequest, sendRaw } from '../support/raw-http.js';
import { failure } from '../support/shapes.js';

const JSON_TYPE = 'application/json';
const KIB = 1_024;

const login = () => ({ email: 'unknown@example.com', password: 'Anything-at-all-1!' });

/** The JSON of a body, padded with spaces to this number of bytes. */
function padded(body: object, bytes: number): string {
  return JSON.stringify(body).padEnd(bytes, ' ');
}

describe('A request', () => {
  let test: TestApp;
  let user: Session;
  let other: Session;
  beforeAll(async () => {
    test = await startApp();
    [user, other] = await Promise.all([register(test.api, newAccount()), register(test.api, newAccount())]);
  });
  afterAll(() => test.close());

  const send = (method: string, path: string, request: Partial<RawRequest>) =>
    sendRaw(test.api.origin, {
      method,
      path: `/api/v1${path}`,
      ...request,
      headers: { 'content-type': JSON_TYPE, ...request.headers },
    });

  describe.each([
    ['with a Content-Length', false],
    ['in chunks', true],
  ])('with a body sent %s', (_, chunked) => {
    it('may have 64 KiB and not a byte more', async () => {
      const full = await send('POST', '/users', { body: padded(newAccount(), 64 * KIB), chunked });
      expect(full.status).toBe(201);
      const over = await send('POST', '/users', { body: padded(newAccount(), 64 * KIB + 1), chunked });
      expect(over.status).toBe(413);
      expect(over.body).toEqual(failure('PAYLOAD_TOO_LARGE'));
    });

    it('may have 16 KiB on /auth and not a byte more', async () => {
      const full = await send('POST', '/auth/login', { body: padded(login(), 16 * KIB), chunked });
      expect(full.status).toBe(401);
      for (const path of ['/auth/login', '/auth/refresh', '/auth/logout']) {
        const over = await send('POST', path, { body: padded(login(), 16 * KIB + 1), chunked });
        expect({ path, status: over.status }).toEqual({ path, status: 413 });
        expect(over.body).toEqual(failure('PAYLOAD_TOO_LARGE'));
      }
    });
  });

  describe('content type', () => {
    it.each([
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json; charset="UTF-8"',
    ])('may be %s', async (type) => {
      const body = JSON.stringify(newAccount());
      expect((await send('POST', '/users', { body, headers: { 'content-type': type } })).status).toBe(201);
    });

    it.each([
      'text/plain',
      'text/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/vnd.api+json',
      'application/json;charset=latin1',
      'application/json;charset=utf-16',
      'application/json;foo=bar',
      'application/json;charset=utf-8;foo=bar',
      'application/jsonp',
      'application/json, text/plain',
      'json',
      '',
    ])('is refused with 415 if it is "%s"', async (type) => {
      const body = JSON.stringify(newAccount());
      for (const path of ['/users', '/auth/login']) {
        const answer = await send('POST', path, { body, headers: { 'content-type': type } });
        expect({ path, status: answer.status }).toEqual({ path, status: 415 });
        expect(answer.body).toEqual(failure('UNSUPPORTED_MEDIA_TYPE'));
      }
    });

    it('is refused with 415 if it is missing', async () => {
      const { status } = await sendRaw(test.api.origin, { method: 'POST', path: '/api/v1/users', body: '{}' });
      expect(status).toBe(415);
    });

    it('is ignored when the body is empty', async () => {
      const { status } = await send('POST', '/users', { headers: { 'content-type': 'text/plain' } });
      expect(status).toBe(400);
    });
  });

  it.each(['gzip', 'br', 'identity', 'x'])(
    'is refused with 415 if its body has Content-Encoding: %s',
    async (encoding) => {
      const body = JSON.stringify(newAccount());
      const answer = await send('POST', '/users', { body, headers: { 'content-encoding': encoding } });
      expect(answer.status).toBe(415);
      expect(answer.body).toEqual(failure('UNSUPPORTED_MEDIA_TYPE'));
    },
  );

  describe('with malformed JSON on a guarded route', () => {
    const bodies = ['{', '{"bio":"a","bio":"b"}', '{"bio":"\\u0000"}', '\uFEFF{}'];

    it.each(bodies)('is answered 401 without a token: %j', async (body) => {
      const { status } = await send('PATCH', `/users/${other.user.id}`, { body });
      expect(status).toBe(401);
    });

    it.each(bodies)('is answered 403 without the permission: %j', async (body) => {
      const headers = { authorization: `Bearer ${user.token}` };
      const { status } = await send('PATCH', `/users/${other.user.id}`, { body, headers });
      expect(status).toBe(403);
    });

    it.each(bodies)('is answered 400 only if the caller has access: %j', async (body) => {
      const headers = { authorization: `Bearer ${user.token}` };
      const answer = await send('PATCH', '/users/me', { body, headers });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(failure('VALIDATION_ERROR'));
    });
  });

  it.each([
    ['query', '/users/me?x=1&x=2'],
    ['id', '/users/not-an-id'],
  ])(
    'with a wrong %s is answered 401 without a token, 403 without the permission, and 400 with it',
    async (_, path) => {
      const statusFor = async (session?: Session) => (await test.api.get(path, { token: session?.token })).status;
      const admin = await test.admin();
      expect(await statusFor()).toBe(401);
      expect(await statusFor(user)).toBe(path.startsWith('/users/me') ? 400 : 403);
      expect(await statusFor(admin)).toBe(400);
    },
  );
});
