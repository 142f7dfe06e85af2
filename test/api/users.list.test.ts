import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setStatus } from '../support/accounts.js';
import { expectFailure, expectInvalid } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { type Account, newAccount, type Session } from '../support/factories.js';
import { type Query, withQuery } from '../support/query.js';

const PEOPLE: Partial<Account>[] = [
  { username: 'Anders', email: 'anders.j@example.com', firstName: 'Anders', lastName: 'ÅNGSTRÖM' },
  { username: 'underscore', email: 'low_line@example.com', firstName: 'a_b' },
  { username: 'hyphen', email: 'low-line@example.com', firstName: 'axb' },
  { username: 'percent', email: 'hundred@example.com', lastName: '100% sure' },
  { username: 'thousand', email: 'more@example.com', lastName: '1000 sure' },
  { username: 'backslash', email: 'slash@example.com', lastName: 'C:\\temp' },
  { username: 'quote', email: "o'neil@example.com", lastName: "O'Neil; --" },
  { username: 'Istanbul', email: 'istanbul@example.com', firstName: 'İlkay' },
  { username: 'suspect', email: 'suspect@example.com' },
  { username: 'sleeper', email: 'sleeper@example.com' },
  { username: 'departed', email: 'departed@example.com', lastName: 'Ångström' },
];

const names = (users: { username: string }[]) => users.map(({ username }) => username).toSorted();
/** The same moment, written in another zone. */
const inKathmandu = (time = '') => new Date(Date.parse(time) + 20_700_000).toISOString().replace('Z', '+05:45');

describe('GET /users', () => {
  let test: TestApp;
  let admin: Session;
  const people = new Map<string, Session>();
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
    for (const person of PEOPLE) {
      const session = await register(test.api, newAccount(person));
      people.set(session.user.username, session);
    }
    await setStatus(test, idOf('suspect'), 'suspended');
    await setStatus(test, idOf('sleeper'), 'inactive');
    for (const username of ['hyphen', 'suspect']) {
      await test.api.post(`/users/${idOf(username)}/email-verification`, undefined, { token: admin.token });
    }
    await test.api.delete(`/users/${idOf('departed')}`, { token: admin.token });
  });
  afterAll(() => test.close());

  const TOTAL = PEOPLE.length;

  function idOf(username: string): string {
    return people.get(username)?.user.id ?? 'unknown';
  }

  async function list(query: Query): Promise<ApiAnswer> {
    return test.api.get(withQuery('/users', query), { token: admin.token });
  }

  async function usernames(query: Query): Promise<string[]> {
    const { status, body, text } = await list(query);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    const found = body.data.users.map(({ username }: { username: string }) => username);
    expect(body.data.pagination.totalItems).toBe(found.length);
    return found.toSorted();
  }

  it('answers 401 without a token and 403 to a plain user, whatever the query', async () => {
    const token = people.get('Anders')?.token;
    for (const query of ['', '?page=0', '?unknown=1', '?status=deleted', '?cursor=x', '?page=1&page=1']) {
      const stranger = await test.api.get(`/users${query}`);
      expectFailure(stranger, { status: 401, code: 'UNAUTHORIZED', message: 'No token provided' });
      expectFailure(await test.api.get(`/users${query}`, { token }), { status: 403, code: 'FORBIDDEN' });
    }
  });

  it('lists users as GET /users/me shows them, newest first, and forbids caching', async () => {
    const { status, headers, body, text } = await list({});
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toContain('argon2');
    const users: { id: string; createdAt: string }[] = body.data.users;
    const { body: own } = await test.api.get('/users/me', { token: admin.token });
    expect(users.at(-1)).toEqual(own.data.user);
    const times = users.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(body).toEqual({
      success: true,
      data: {
        users,
        pagination: {
          currentPage: 1,
          perPage: 20,
          totalPages: 1,
          totalItems: TOTAL,
          hasNext: false,
          hasPrevious: false,
          nextCursor: null,
          previousCursor: null,
        },
      },
    });
  });

  it.each([
    ['the first page', 1, 4, true, false],
    ['a page in the middle', 2, 4, true, true],
    ['the last page', 3, 3, false, true],
    ['a page past the end', 4, 0, false, true],
    ['the highest page number', 2_147_483_647, 0, false, true],
  ])('returns %s with its place in the list', async (_, page, size, hasNext, hasPrevious) => {
    const { status, body } = await list({ page, limit: 4 });
    const aCursor: unknown = expect.any(String);
    expect(status).toBe(200);
    expect(body.data.users).toHaveLength(size);
    expect(body.data.pagination).toEqual({
      currentPage: page,
      perPage: 4,
      totalPages: 3,
      totalItems: TOTAL,
      hasNext,
      hasPrevious,
      nextCursor: hasNext ? aCursor : null,
      previousCursor: hasPrevious ? aCursor : null,
    });
  });

  it('returns zero pages when no user matches', async () => {
    const { body } = await list({ search: 'no such user' });
    expect(body.data).toMatchObject({ users: [], pagination: { totalPages: 0, totalItems: 0, hasNext: false } });
    const { body: past } = await list({ search: 'no such user', page: 7 });
    expect(past.data).toMatchObject({ users: [], pagination: { totalItems: 0, previousCursor: null } });
  });

  it('divides the list into pages without overlap', async () => {
    const pages = await Promise.all([1, 2, 3].map((page) => list({ page, limit: 4 })));
    const { body: whole } = await list({ limit: 100 });
    expect(pages.flatMap(({ body }) => body.data.users)).toEqual(whole.data.users);
  });

  it.each([
    ['part of a username, in another case', 'NDERSC', ['underscore']],
    ['part of an email', 'low-li', ['hyphen']],
    ['a first name with an accent, in another case', 'İLKAY', ['Istanbul']],
    ['a last name in lower case', 'ångström', ['Anders']],
    ['part of a last name in capitals', 'NGSTRÖ', ['Anders']],
    ['a last name in mixed case', 'ÅngStröm', ['Anders']],
    ['two characters', 'a_', ['underscore']],
    ['an underscore, which stands for itself', 'w_l', ['underscore']],
    ['a percent sign, which stands for itself', '0%', ['percent']],
    ['nothing but wildcards', '%%', []],
    ['nothing but underscores', '__', []],
    ['a backslash, which stands for itself', ':\\t', ['backslash']],
    ['a backslash at the end', 'C:\\', ['backslash']],
    ['a backslash before a wildcard', '\\%', []],
    ['a quote', "o'n", ['quote']],
    ['a quote and SQL', 'l; --', ['quote']],
    ['a domain that all users share', '@EXAMPLE.com', ['*']],
    ['the name of a deleted user', 'departed', []],
  ] as [string, string, string[]][])('searches by %s', async (_, search, found) => {
    const everyone = ['root1', ...PEOPLE.map(({ username = '' }) => username)].filter((name) => name !== 'departed');
    expect(await usernames({ search })).toEqual((found[0] === '*' ? everyone : found).toSorted());
  });

  it.each([
    ['email', { email: 'ANDERS.J@example.COM' }, ['Anders']],
    ['part of an email', { email: 'anders' }, []],
    ['an email with a wildcard', { email: 'low%line@example.com' }, []],
    ['an email with an underscore, which stands for itself', { email: 'low_line@example.com' }, ['underscore']],
    ['username', { username: 'aNDERS' }, ['Anders']],
    ['part of a username', { username: 'ander' }, []],
    ['the email of a deleted user', { email: 'departed@example.com' }, []],
    ['status suspended', { status: 'suspended' }, ['suspect']],
    ['status inactive', { status: 'inactive' }, ['sleeper']],
    ['status active and a search', { status: 'active', search: 'line' }, ['hyphen', 'underscore']],
    ['role admin', { role: 'admin' }, ['root1']],
    ['a role that no user holds', { role: 'unheld' }, []],
    ['role and status', { role: 'user', status: 'suspended' }, ['suspect']],
    ['a verified email', { emailVerified: 'true', limit: 100 }, ['hyphen', 'root1', 'suspect']],
    ['a verified email and a status', { emailVerified: 'true', status: 'suspended' }, ['suspect']],
    ['an email that is not verified and a search', { emailVerified: 'false', search: 'line' }, ['underscore']],
    ['filters that exclude each other', { username: 'Anders', email: 'hundred@example.com' }, []],
  ])('filters by %s', async (_, query, found) => {
    expect(await usernames(query)).toEqual(found);
  });

  it('finds every user by the role user, and only active users by the status active', async () => {
    expect(await usernames({ role: 'user' })).toHaveLength(TOTAL);
    expect(await usernames({ status: 'active' })).toHaveLength(TOTAL - 2);
    const { body } = await list({ status: 'suspended' });
    expect(body.data.users[0]).toMatchObject({ status: 'suspended', isActive: false });
    expect(body.data.users[0]).not.toHaveProperty('deletedAt');
  });

  it('filters by the time of creation: from then on, and before then', async () => {
    const { body } = await list({ sortOrder: 'asc', limit: 100 });
    const all: { username: string; createdAt: string }[] = body.data.users;
    const [, second, third, fourth] = all.map(({ createdAt }) => createdAt);
    const later = all.filter(({ createdAt }) => createdAt >= (third ?? ''));
    expect(await usernames({ createdFrom: third ?? '', limit: 100 })).toEqual(names(later));
    const earlier = all.filter(({ createdAt }) => createdAt < (third ?? ''));
    expect(await usernames({ createdTo: third ?? '', limit: 100 })).toEqual(names(earlier));
    const between = all.filter(({ createdAt }) => createdAt >= (second ?? '') && createdAt < (fourth ?? ''));
    const range = { createdFrom: inKathmandu(second), createdTo: inKathmandu(fourth) };
    expect(await usernames({ ...range, limit: 100 })).toEqual(names(between));
    expect(await usernames({ createdFrom: '', createdTo: '', limit: 100 })).toHaveLength(TOTAL);
    const first = await list({ ...range, limit: 1, sortOrder: 'asc' });
    const cursor: string = first.body.data.pagination.nextCursor;
    expect((await list({ ...range, limit: 1, sortOrder: 'asc', cursor })).body.data.users[0]).toEqual(
      all.find(({ createdAt }) => createdAt === third),
    );
    expectInvalid(await list({ createdFrom: range.createdFrom, limit: 1, sortOrder: 'asc', cursor }), 'cursor');
  });

  it('lists deleted users, with the time of deletion, to a holder of users:delete', async () => {
    const { status, body } = await list({ status: 'deleted' });
    expect(status).toBe(200);
    expect(body.data.users).toHaveLength(1);
    expect(body.data.users[0]).toMatchObject({
      username: 'departed',
      status: 'deleted',
      isActive: false,
      deletedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(await usernames({ status: 'deleted', search: 'ÅNGSTRÖM' })).toEqual(['departed']);
  });

  const NUMBERS = ['', '0', '-1', '+1', '1.5', '1e3', '0x1', ' 1', 'abc', 'NaN', '١', '99999999999999999999'];
  it.each([
    ...[...NUMBERS, '2147483648'].map((value) => ['page', value]),
    ...[...NUMBERS, '101'].map((value) => ['limit', value]),
    ...['a', ' a ', '😀', '%'].map((value) => ['search', value]),
    ...['gone', 'ACTIVE', ' active', 'active,inactive'].map((value) => ['status', value]),
    ...['1', 'TRUE', 'yes', 'null'].map((value) => ['emailVerified', value]),
    ...['2026-11-24', '2026-13-01T00:00:00Z', '2026-11-24T20:00:00', '1795550400', 'now'].map((value) => [
      'createdFrom',
      value,
    ]),
    ['createdTo', '2026-11-24T20:00:00 Z'],
    ...['', 'id', 'created_at', 'passwordHash', 'EMAIL', 'email desc'].map((value) => ['sortBy', value]),
    ...['', 'up', 'ASC', 'asc nulls first'].map((value) => ['sortOrder', value]),
    ...['', '1'].map((value) => ['firstName', value]),
    ['cursor', ''],
    ['isActive', 'true'],
    ['page[]', '1'],
  ] as [string, string][])('answers 400 to %s=%j', async (name, value) => {
    expectInvalid(await list({ [name]: value }), name);
  });

  it.each(['page=1&page=2', 'search=ab&search=ab', 'status=active&status=', 'sortBy=email&%73ortBy=email'])(
    'answers 400 to a repeated parameter: %s',
    async (query) => {
      const answer = await test.api.get(`/users?${query}`, { token: admin.token });
      expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR' });
    },
  );

  it('accepts the limits 1 and 100', async () => {
    expect((await list({ limit: 1 })).body.data.users).toHaveLength(1);
    expect((await list({ limit: 100 })).body.data.users).toHaveLength(TOTAL);
  });
});
