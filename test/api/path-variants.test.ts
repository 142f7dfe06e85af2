import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';
import { ROUTES } from '../support/routes.js';

/** Other ways to write a path. */
const VARIANTS: readonly [string, (path: string) => string][] = [
  ['with a letter percent-encoded', (path) => path.replace('/users', '/%75sers').replace('/roles', '/%72oles')],
  [
    'with its last letter percent-encoded',
    (path) => path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
  ],
  ['with a slash percent-encoded', (path) => path.replace('/v1/', '/v1%2F')],
  ['with doubled slashes', (path) => path.replace('/v1/', '/v1//')],
  ['beginning with two slashes', (path) => `/${path}`],
  ['with a slash at its end', (path) => `${path}/`],
  ['with ;a at its end', (path) => `${path};a`],
  ['with ;a in it', (path) => path.replace('/v1/', '/v1;a/')],
  ['in upper case', (path) => path.toUpperCase()],
  ['with one letter in upper case', (path) => path.replace('/users', '/Users').replace('/roles', '/Roles')],
  ['with a dot segment', (path) => path.replace('/v1/', '/v1/./')],
  ['by way of a public route', (path) => path.replace('/v1/', '/v1/health/../')],
  ['by way of a public route, encoded', (path) => path.replace('/v1/', '/v1/health/%2e%2e/')],
  ['with a backslash', (path) => path.replace('/v1/', '/v1\\')],
  ['with a fragment', (path) => `${path}#x`],
  ['with %00 at its end', (path) => `${path}%00`],
  ['with a query', (path) => `${path}?x=1`],
  ['with a dot at its end', (path) => `${path}.`],
  ['with .json at its end', (path) => `${path}.json`],
  ['with a space at its end', (path) => `${path}%20`],
];

const GUARDED = ROUTES.filter((route) => !route.public && route.path.startsWith('/api/v1/'));

describe('A guarded route', () => {
  let test: TestApp;
  let ada: Session;
  let other: Session;
  beforeAll(async () => {
    test = await startApp();
    ada = await register(test.api, newAccount());
    other = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const ask = (method: string, path: string, token?: string) =>
    sendRaw(test.api.origin, {
      method,
      path,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  describe.each(GUARDED.map(({ method, path }) => [method, path] as const))('%s %s', (method, template) => {
    const pathOf = () =>
      template.replace('{id}', other.user.id).replace('{sessionId}', other.user.id).replace('{name}', 'user');

    it.each(VARIANTS)('refuses callers without access when its path is written %s', async (_, variant) => {
      const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
      for (const verb of methods) {
        const anonymous = await ask(verb, variant(pathOf()));
        expect([400, 401, 404, 405]).toContain(anonymous.status);
        if (template.endsWith('/auth/logout')) continue;
        const foreign = await ask(verb, variant(pathOf()), ada.token);
        expect([400, 403, 404, 405]).toContain(foreign.status);
        expect(foreign.text).not.toContain(other.user.email);
      }
    });
  });
});
