import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';

const ORIGIN = 'http://localhost:3000';

describe('A hostile client', () => {
  let test: TestApp;
  let user: Session;
  let admin: Session;
  beforeAll(async () => {
    test = await startApp();
    user = await register(test.api, newAccount());
    admin = await test.admin();
  });
  afterAll(() => test.close());

  const askOptions = (path: string) =>
    sendRaw(test.api.origin, { method: 'OPTIONS', path, headers: { origin: ORIGIN } });

  /** Sends these bytes and returns what comes back until the connection closes. */
  async function sendBytes(bytes: string): Promise<string> {
    const { hostname, port } = new URL(test.api.origin);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write(bytes);
    await once(socket, 'close');
    return text;
  }

  it.each([
    ['the tag', (tag: string) => tag],
    ['the weak tag', (tag: string) => `W/${tag}`],
    ['*', () => '*'],
  ])('gets 304 for a HEAD with If-None-Match: %s', async (_, condition) => {
    const tag = (await test.api.get('/users/me', { token: user.token })).headers.get('etag') ?? '';
    const headers = { authorization: `Bearer ${user.token}`, 'if-none-match': condition(tag) };
    const { status, text } = await sendRaw(test.api.origin, { method: 'HEAD', path: '/api/v1/users/me', headers });
    expect({ status, text }).toEqual({ status: 304, text: '' });
  });

  it.each(['/%61pi/v1/users', '/api/v1/%75sers'])('gets personal data with no-store at %s too', async (path) => {
    const headers = { authorization: `Bearer ${admin.token}` };
    const answer = await sendRaw(test.api.origin, { path, headers });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is answered like any preflight when its Origin is a listed one', async () => {
    const known = await askOptions('/api/v1/users/me');
    expect(known.status).toBe(204);
    expect(known.headers['allow']).toBe('GET, HEAD, PATCH, DELETE, OPTIONS');
    expect((await askOptions('/api/v1/nope')).status).toBe(404);
  });

  it('is refused when it adds text after its token', async () => {
    const { status, body } = await test.api.get('/users/me', {
      headers: { authorization: `Bearer ${user.token} junk` },
    });
    expect(status).toBe(401);
    expect(body.error.message).toBe('Invalid token');
  });

  it.each(['http://x/%zz', 'http://x/[]', 'https://x/a b'])(
    'cannot set a picture URL that is not valid: %s',
    async (url) => {
      const { status } = await test.api.patch('/users/me', { profilePictureUrl: url }, { token: user.token });
      expect(status).toBe(400);
    },
  );

  it('finds a name by a part of it that ends in a capital sigma', async () => {
    await test.api.post('/users', newAccount({ firstName: 'ΟΔΥΣΣΕΑΣ' }));
    const { body } = await test.api.get(`/users?search=${encodeURIComponent('ΟΔΥΣ')}`, { token: admin.token });
    expect(body.data.users).toHaveLength(1);
  });

  it.each([
    ['bytes that are not HTTP', 'HELLO\r\n\r\n', 400, 'VALIDATION_ERROR'],
    [
      'two Content-Length headers',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'VALIDATION_ERROR',
    ],
    [
      'headers over the size limit',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
  ])('gets the error envelope for %s', async (_what, bytes, status, code) => {
    const answer = await sendBytes(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/^X-Request-Id: [0-9a-f-]{36}\r$/m);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ success: false, error: { code } });
  });
});
