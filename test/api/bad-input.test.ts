import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';
import { ofAllowed, ROUTES } from '../support/routes.js';
import { failure } from '../support/shapes.js';

/** The JSON of a valid registration, with these members before the others. */
function account(members: string): string {
  return `{${members},${JSON.stringify(newAccount()).slice(1)}`;
}

function nested(open: string, close: string, depth: number): string {
  return account(`"firstName":${open.repeat(depth)}1${close.repeat(depth)}`);
}

function bytes(text: string, encoding: BufferEncoding = 'latin1'): Buffer {
  return Buffer.from(text, encoding);
}

const manyKeys = (count: number) =>
  `{${Array.from({ length: count }, (_, index) => `"key${index}":${index}`).join(',')}}`;

const MALFORMED: [string, string | Buffer][] = [
  ['text that is not JSON', 'username=ada'],
  ['a truncated object', '{"username":"ada"'],
  ['two commas in a row', account('"firstName":"Ada",')],
  ['trailing garbage', `${JSON.stringify(newAccount())}x`],
  ['two values', '{}{}'],
  ['a comment', `/* hello */${JSON.stringify(newAccount())}`],
  ['single quotes', "{'username':'ada'}"],
  ['NaN', account('"firstName":NaN')],
  ['a raw line break in a string', account('"firstName":"A\nda"')],
  ['a raw NUL in a string', account('"firstName":"A\0da"')],
  ['a raw NUL after the object', `${JSON.stringify(newAccount())}\0`],
  ['an escaped NUL in a value', account('"firstName":"A\\u0000da"')],
  ['an escaped NUL in a key', account('"first\\u0000Name":"Ada"')],
  ['a lone high surrogate in a value', account('"firstName":"A\\ud800da"')],
  ['a lone low surrogate in a value', account('"firstName":"A\\udc00da"')],
  ['surrogates in the wrong order', account('"firstName":"\\udc00\\ud800"')],
  ['a lone surrogate in a key', account('"\\ud800":"Ada"')],
  ['bytes that are not UTF-8', bytes(account('"firstName":"Ad\xe4"'))],
  ['overlong UTF-8', bytes(account('"firstName":"\xc0\xaf"'))],
  ['surrogates in UTF-8', bytes(account('"firstName":"\xed\xa0\x80"'))],
  ['a byte order mark', `\uFEFF${JSON.stringify(newAccount())}`],
  ['UTF-16', bytes(JSON.stringify(newAccount()), 'utf16le')],
  ['UTF-16 with a byte order mark', bytes(`\uFEFF${JSON.stringify(newAccount())}`, 'utf16le')],
  ['a key twice', account('"firstName":"Ada","firstName":"Eve"')],
  ['a key twice, once escaped', account('"firstName":"Ada","first\\u004eame":"Eve"')],
  ['a key twice in a nested object', account('"firstName":{"a":1,"a":1}')],
  ['a key twice in a list', account('"firstName":[{"a":1,"\\u0061":2}]')],
  ['lists in lists, 20 deep in an object', nested('[', ']', 20)],
  ['objects in objects, 20 deep in an object', nested('{"a":', '}', 20)],
  ['lists in lists, 10,000 deep', '['.repeat(10_000)],
  ['101 keys', manyKeys(101)],
  ['4,000 keys', manyKeys(4_000)],
  ['__proto__', account('"__proto__":{"roles":["admin"]}')],
  ['__proto__, escaped', account('"\\u005f_proto__":{"roles":["admin"]}')],
  ['constructor', account('"constructor":{"prototype":{"roles":["admin"]}}')],
  ['prototype', account('"prototype":{}')],
  ['toString', account('"toString":"x"')],
  ['a list', '[]'],
  ['a list with one account', `[${JSON.stringify(newAccount())}]`],
  ['a string', '"ada"'],
  ['a number', '1'],
  ['a huge number', account(`"firstName":1${'0'.repeat(400)}`)],
  ['a number with many digits', account(`"firstName":0.${'1'.repeat(5_000)}`)],
  ['true', 'true'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['white space', '  \n '],
  ['nothing', ''],
  ['an object in place of a string', account('"firstName":{"$ne":null}')],
  ['a list in place of a string', account('"firstName":["Ada"]')],
  ['an unknown field', account('"isAdmin":true')],
];

describe('Bad input', () => {
  let test: TestApp;
  let user: Session;
  let users: number;
  const countUsers = () => test.app.get(PrismaService).user.count();

  beforeAll(async () => {
    test = await startApp();
    user = await register(test.api, newAccount({ firstName: 'Grace' }));
  });
  afterAll(() => test.close());

  beforeEach(async () => {
    users = await countUsers();
  });

  async function expectNothingWritten(): Promise<void> {
    expect(await countUsers()).toBe(users);
    const { body } = await test.api.get('/users/me', { token: user.token });
    expect(body.data.user).toMatchObject({ firstName: 'Grace', roles: ['user'], bio: null });
  }

  const send = (method: string, path: string, body?: string | Buffer, token?: string) =>
    sendRaw(test.api.origin, {
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body }),
    });

  describe('in a body', () => {
    it.each(MALFORMED)('is answered 400 at registration and update: %s', async (_, body) => {
      for (const [method, path] of [
        ['POST', '/api/v1/users'],
        ['PATCH', '/api/v1/users/me'],
      ] as const) {
        const answer = await send(method, path, body, user.token);
        expect({ method, status: answer.status }).toEqual({ method, status: 400 });
        expect(answer.body).toEqual(failure('VALIDATION_ERROR'));
      }
      await expectNothingWritten();
    });

    const bodiless = ROUTES.filter(({ method, body }) => method !== 'GET' && body === undefined);
    it.each(bodiless)('is answered 400 by $method $path, which takes no body', async ({ method, path }) => {
      const { token } = await test.admin();
      for (const body of ['{"force":true}', '[]', '[1]', '"x"', '0', 'false', 'null', '{', '{"a":1,"a":1}']) {
        const answer = await send(method, ofAllowed(path, user.user.id), body, token);
        expect({ body, status: answer.status }).toEqual({ body, status: 400 });
        expect(answer.body).toEqual(failure('VALIDATION_ERROR'));
      }
      await expectNothingWritten();
    });
  });

  describe('in a query', () => {
    it.each(ROUTES)('is answered 400 by $method $path', async ({ method, path, ...route }) => {
      const { token } = await test.admin();
      const body = route.body === undefined ? undefined : JSON.stringify(route.body());
      const queries = ['nope=1', 'nope', 'limit=1&limit=1', 'l%69mit=1&limit=2', 'a=%00', '%00=a', 'a=%ff', '%zz'];
      for (const query of [
        ...queries,
        'a=%ed%a0%80',
        'a=%',
        '__proto__=1',
        'constructor=1',
        'limit[]=1',
        'limit[a]=1',
      ]) {
        const answer = await send(method, `${ofAllowed(path, user.user.id)}?${query}`, body, token);
        expect({ query, status: answer.status }).toEqual({ query, status: 400 });
        expect(answer.body).toEqual(failure('VALIDATION_ERROR'));
      }
      await expectNothingWritten();
    });
  });

  describe('in a path', () => {
    const ids = ['%00', '%zz', '%', '%ff', '%c0%af', 'me%00', 'ME', 'a'.repeat(10_000), '1', "'--", '%2e%2e', 'me;x=1'];

    it.each(ids)('as a user id is answered 400 to an admin and 403 to a plain user: %#', async (id) => {
      const { token } = await test.admin();
      for (const [method, body] of [['GET'], ['PATCH', '{"bio":"x"}'], ['DELETE']] as const) {
        const refused = await send(method, `/api/v1/users/${id}`, body, user.token);
        expect({ method, status: refused.status }).toEqual({ method, status: 403 });
        const answer = await send(method, `/api/v1/users/${id}`, body, token);
        expect({ method, status: answer.status }).toEqual({ method, status: 400 });
        expect(answer.body).toEqual(failure('VALIDATION_ERROR'));
      }
      await expectNothingWritten();
    });

    it.each([
      '/api/v1/users/../users/me',
      '/api/v1/./users/me',
      '/api/v1//users/me',
      '//api/v1/users/me',
      '/api/v1/users//me',
      '/api/v1/users/me/',
      '/api/v1/users/me/.',
      '/api/v1/users;x=1/me',
      '/api/v1/USERS/me',
      '/API/v1/users/me',
      '/api/v1/users%2fme',
      '/api/v1%2Fusers/me',
      '/api/v1/users/me%2f',
      '/api/v1/users\\me',
      '/api/v1/health/../users/me',
      '/api/v1/health;/../users',
    ])('never bypasses the access check: %s', async (path) => {
      const stranger = await send('GET', path);
      expect([401, 404]).toContain(stranger.status);
      expect(stranger.body).toEqual(failure(stranger.status === 401 ? 'UNAUTHORIZED' : 'RESOURCE_NOT_FOUND'));
      const known = await send('GET', path, undefined, user.token);
      expect([403, 404]).toContain(known.status);
      await expectNothingWritten();
    });

    it('is checked like the decoded path when letters are percent-encoded', async () => {
      expect((await send('GET', '/api/v1/%75sers/%6de')).status).toBe(401);
      expect((await send('GET', '/api/v1/%75sers/%6de', undefined, user.token)).status).toBe(200);
      expect((await send('GET', `/api/v1/%75sers`, undefined, user.token)).status).toBe(403);
      await expectNothingWritten();
    });
  });
});
