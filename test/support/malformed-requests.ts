import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { SECRETS } from './app.js';
import type { Session } from './factories.js';
import { EXPIRED, FORGERIES } from './forgeries.js';
import { malformedBody, strangeText } from './malformed-bodies.js';
import type { RawRequest } from './raw-http.js';
import { type Route, ROUTES } from './routes.js';
import { type DecodedToken, decodeToken, signToken } from './tokens.js';

/** The users who send the malformed requests, and the users whose routes they call. */
export interface Actors {
  readonly admin: Session;
  readonly user: Session;
}

/** Made only when it is sent, as tokens and ids differ in each run. */
export type MalformedRequest = (actors: Actors) => RawRequest;

type Part = (actors: Actors) => string | undefined;

const text =
  (value: string | undefined): Part =>
  () =>
    value;
/** Text of the characters that Node lets a client send in a header. */
const headerText = strangeText.map((value) =>
  Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ''),
);

const UNKNOWN_ROUTES: readonly Route[] = [
  '/',
  '/api',
  '/api/v1',
  '/api/v1/',
  '/api/v2/users',
  '/api/v1/users/',
  '//',
  '/docs/..',
  '/%00',
  '/%',
].map((path) => ({ method: 'GET', path, public: true }));
const OTHER_METHODS = [
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'MKCOL',
  'PURGE',
  'M-SEARCH',
  'FOO',
  'get',
  ...ROUTES.map(({ method }) => method),
];

const asUser: Part = ({ user }) => `Bearer ${user.token}`;
const asAdmin: Part = ({ admin }) => `Bearer ${admin.token}`;

const sign = (token: DecodedToken) => signToken(token, SECRETS.JWT_SECRET);

const forged = fc.constantFrom(EXPIRED, ...FORGERIES.map(([, forge]) => forge)).map((forge): Part => ({ user }) => {
  return `Bearer ${forge(decodeToken(user.token), sign)}`;
});

const authorization: fc.Arbitrary<Part> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(asAdmin) },
  { weight: 6, arbitrary: fc.constant(asUser) },
  { weight: 1, arbitrary: forged },
  { weight: 1, arbitrary: fc.constant<Part>(({ user }) => `Bearer ${user.refreshToken}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(undefined, '', 'Bearer', 'Bearer ', 'Basic YTpi', 'bearer a.b.c', 'Bearer ..').map(text),
  },
  { weight: 1, arbitrary: headerText.map((value) => text(`Bearer ${value}`)) },
);

const CONTENT_TYPES = [
  ...' |\t|;|/|*|text/plain|APPLICATION/JSON|application/json\t|application/json;|application/json ; '.split('|'),
  ...'application/json; charset=utf-8|application/json;charset=utf-16|application/json, application/json'.split('|'),
  ...'multipart/form-data; boundary=x|application/x-www-form-urlencoded|application/problem+json'.split('|'),
];

const contentType = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...CONTENT_TYPES), headerText) },
);

const HEADERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'content-encoding': ['gzip', 'br', 'identity', 'x', ''],
  cookie: ['device=', 'device=%00;;=', 'device=a.b.c; device=x; device=y', ' device=;'.repeat(1_000), '=;='],
  'x-device-token': ['', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '\xff'],
  'if-match': ['"1"', '"', '*', '*, "1"', 'W/"1"', '""', '1', ','],
  'if-none-match': ['*', 'W/"1", *', '"', ',,,'],
  accept: ['image/png', 'x'],
  'accept-encoding': ['br', 'gzip', 'br;q=0, *', 'deflate, zstd;q=x', '*;q=0'],
  'x-request-id': ['x', 'x'.repeat(200), 'abcdefgh', '../../a'],
  'x-forwarded-for': ["1.2.3.4, ' OR 1=1", '::', 'unknown'],
  forwarded: ['for="[::1]:x"'],
  'idempotency-key': ['x', 'x'.repeat(300)],
  'user-agent': ['', '\xff\xfe'.repeat(600), 'x'.repeat(9_000)],
  origin: ['null', 'http://localhost:3000', 'file://', '\xff'],
  'access-control-request-method': ['FOO', '', 'GET, POST'],
  range: ['bytes=0-', 'bytes=9-1'],
  expect: ['100-continue', 'x'],
  connection: ['upgrade', 'close', 'x'],
  upgrade: ['websocket', 'h2c'],
  host: ['', 'x y', '[::1', 'a'.repeat(9_000)],
  'x-long': ['x'.repeat(17_000)],
};

const header = fc
  .constantFrom(...Object.entries(HEADERS))
  .chain(([name, values]) =>
    fc
      .oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: headerText })
      .map((value): [string, string] => [name, value]),
  );

const encoded = strangeText.map((value) => encodeURIComponent(value.toWellFormed()));
const spelled = fc.oneof(
  { weight: 3, arbitrary: encoded },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%zz', '%00', '%ff', '%c0%af', '%ed%a0%80', '%2e%2e', '%2F', '\xff', '+', '[]', ''),
  },
);

const PARAMETERS = [
  'page',
  'limit',
  'cursor',
  'search',
  'email',
  'username',
  'status',
  'role',
  'sortBy',
  'sortOrder',
  'x',
  '__proto__',
  'a[b]',
];
const VALUES = [
  '1',
  '0',
  '-1',
  '2147483648',
  '100',
  '101',
  'deleted',
  'lastName',
  'desc',
  'user',
  'e30',
  'WzFd',
  '%25',
  '%5F%25',
];

const pair = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PARAMETERS) }, { weight: 1, arbitrary: spelled }),
    fc.oneof(fc.constantFrom(...VALUES), spelled),
  )
  .map(([name, value]) => `${name}=${value}`);

const query = fc.oneof(
  { weight: 8, arbitrary: fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) => `?${pairs.join('&')}`) },
  { weight: 1, arbitrary: fc.constantFrom('?', '??', '?&&&', '?=', '?a=1&a=2', `?${'a&'.repeat(2_000)}`, '?#', '?%') },
);

const id: fc.Arbitrary<Part> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Part>(({ user }) => user.user.id) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('me', 'ME', '1', randomUUID(), '00000000-0000-0000-0000-000000000000').map(text),
  },
  { weight: 2, arbitrary: spelled.map(text) },
);
const name = fc.oneof(fc.constantFrom('user', 'auditor', 'admin', 'role-1', 'unused-role'), spelled).map(text);

const path = (route: Route): fc.Arbitrary<Part> =>
  fc.tuple(id, name, fc.oneof(fc.constant(randomUUID()), spelled)).map(
    ([userId, role, session]): Part =>
      (actors) =>
        route.path
          .replace('{id}', () => userId(actors) ?? '')
          .replace('{name}', () => role(actors) ?? '')
          .replace('{sessionId}', () => session),
  );

function requestOf(route: Route): fc.Arbitrary<MalformedRequest> {
  return fc
    .record({
      method: fc.oneof(
        { weight: 9, arbitrary: fc.constant<string>(route.method) },
        { weight: 1, arbitrary: fc.constantFrom(...OTHER_METHODS) },
      ),
      path: path(route),
      query: maybe(route.method === 'GET' ? 6 : 1, query),
      authorization,
      contentType,
      headers: fc.array(header, { maxLength: 2 }),
      body: maybe(route.body === undefined ? 2 : 9, malformedBody(route.body ?? (() => ({})))),
      chunked: fc.constantFrom(false, false, false, true),
    })
    .map(({ body, headers, ...parts }): MalformedRequest => (actors) => ({
      method: parts.method,
      path: parts.path(actors) + (parts.query ?? ''),
      headers: {
        ...withoutUndefined({
          authorization: parts.authorization(actors),
          'content-type': body === undefined ? undefined : parts.contentType,
        }),
        ...Object.fromEntries(headers),
      },
      ...(body === undefined ? {} : { body, chunked: parts.chunked }),
    }));
}

function withoutUndefined(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Takes a value `weight` times out of ten, and otherwise `undefined`. */
function maybe<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight, arbitrary }, { weight: 10 - weight, arbitrary: fc.constant(undefined) });
}

/** Requests to all routes, equally often, and to some that do not exist. */
export const malformedRequest: fc.Arbitrary<MalformedRequest> = fc.oneof(
  { weight: 12, arbitrary: fc.oneof(...ROUTES.map(requestOf)) },
  { weight: 1, arbitrary: fc.oneof(...UNKNOWN_ROUTES.map(requestOf)) },
);
