import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectInvalid } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { type Query, withQuery } from '../support/query.js';

interface ListedUser {
  readonly id: string;
  readonly createdAt: string;
  readonly email: string;
  readonly username: string;
  readonly lastName: string | null;
}

type SortKey = 'createdAt' | 'email' | 'username' | 'lastName';

const ORDERS = (['createdAt', 'email', 'username', 'lastName'] as const).flatMap((sortBy) =>
  (['asc', 'desc'] as const).map((sortOrder) => ({ sortBy, sortOrder })),
);

/** Names whose order depends on how case, accents, punctuation and characters above U+FFFF are compared. */
const LAST_NAMES =
  "Adams|adams|ADAMS|Adams|Åström|åström|Zola|zola|_under|de Vries|De Vries|O-Neil|O'Neil|ONeil|🙂|\uFF5E|É|e\u0301|ß|İ";
const NAMELESS = 5;
const LOCAL_PARTS = ['B.b', 'b-b', 'b_b', 'bb', 'B+b'];

/** The contract's order: by lower-cased code point, nulls last in both directions, then by id. */
function inOrder(users: readonly ListedUser[], sortBy: SortKey, sortOrder: 'asc' | 'desc'): ListedUser[] {
  const sign = sortOrder === 'asc' ? 1 : -1;
  return users.toSorted((a, b) => {
    const [keyA, keyB] = [a[sortBy]?.toLowerCase(), b[sortBy]?.toLowerCase()];
    if ((keyA === undefined) !== (keyB === undefined)) return keyA === undefined ? 1 : -1;
    // UTF-8 bytes sort in the order of code points; the UTF-16 units of a JavaScript string do not.
    const byKey = Buffer.compare(Buffer.from(keyA ?? ''), Buffer.from(keyB ?? ''));
    return sign * (byKey === 0 ? Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) : byKey);
  });
}

describe('GET /users, sorted and by cursor', () => {
  let test: TestApp;
  let token: string;
  let everyone: ListedUser[];
  beforeAll(async () => {
    test = await startApp();
    token = (await test.admin()).token;
    const lastNames = LAST_NAMES.split('|');
    await inParallel(lastNames.length + NAMELESS, async (index) => {
      const lastName = lastNames[index];
      const email = `${LOCAL_PARTS[index % LOCAL_PARTS.length]}${index}@example.com`;
      const username = `${index % 2 === 0 ? 'Zed' : 'abe'}${index}`;
      await register(test.api, newAccount({ email, username, ...(lastName === undefined ? {} : { lastName }) }));
    });
    everyone = (await page({ limit: 100 })).users;
  });
  afterAll(() => test.close());

  function get(query: Query): Promise<ApiAnswer> {
    return test.api.get(withQuery('/users', query), { token });
  }

  async function page(query: Query) {
    const { status, body, text } = await get(query);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    const { users, pagination } = body.data as { users: ListedUser[]; pagination: Record<string, string | null> };
    return { users, pagination };
  }

  /** Follows the cursors to the end, and checks that each page's flags agree with its cursors. */
  async function walk(query: Query, link: 'nextCursor' | 'previousCursor', from: string) {
    const pages: ListedUser[][] = [];
    let last = from;
    for (let cursor: string | null | undefined = from; typeof cursor === 'string';) {
      const { users, pagination } = await page({ ...query, cursor });
      expect(Object.keys(pagination).toSorted()).toEqual(
        ['hasNext', 'hasPrevious', 'nextCursor', 'perPage', 'previousCursor'].toSorted(),
      );
      expect(pagination['hasNext']).toBe(pagination['nextCursor'] !== null);
      expect(pagination['hasPrevious']).toBe(pagination['previousCursor'] !== null);
      expect(users.length).toBeGreaterThan(0);
      pages.push(users);
      last = cursor;
      cursor = pagination[link];
    }
    return { pages, last };
  }

  async function cursorOf(query: Query, link: 'nextCursor' | 'previousCursor') {
    const cursor = (await page(query)).pagination[link];
    if (typeof cursor !== 'string') throw new Error(`This page has no ${link}`);
    return cursor;
  }

  it.each(ORDERS)('sorts by $sortBy $sortOrder: by code point, nulls last, then by id', async (order) => {
    const { users } = await page({ ...order, limit: 100 });
    expect(users).toEqual(inOrder(everyone, order.sortBy, order.sortOrder));
  });

  it.each(ORDERS)('lists each user once in both directions by cursor: $sortBy $sortOrder', async (order) => {
    const expected = inOrder(everyone, order.sortBy, order.sortOrder);
    const query = { ...order, limit: 3 };
    const first = await page({ ...query, page: 1 });
    const there = await walk(query, 'nextCursor', await cursorOf(query, 'nextCursor'));
    expect([first.users, ...there.pages].flat()).toEqual(expected);
    const end = await page({ ...query, cursor: there.last });
    const back = await walk(query, 'previousCursor', String(end.pagination['previousCursor']));
    expect([...back.pages.toReversed(), end.users].flat()).toEqual(expected);
  });

  it.each(ORDERS)('pages back from past the end of the list by $sortBy $sortOrder', async (order) => {
    const expected = inOrder(everyone, order.sortBy, order.sortOrder);
    const query = { ...order, limit: 3 };
    const cursor = await cursorOf({ ...query, page: 2_000_000_000 }, 'previousCursor');
    const { pages } = await walk(query, 'previousCursor', cursor);
    expect(pages.toReversed().flat()).toEqual(expected);
  });

  it.each([
    ['search', { search: 'adams' }, (user: ListedUser) => user.lastName?.toLowerCase() === 'adams'],
    ['search over several fields', { search: 'ed1' }, (user: ListedUser) => user.username.startsWith('Zed1')],
    ['status and role', { status: 'active', role: 'user' }, () => true],
  ] as const)('keeps the filters from page to page: %s', async (_, filters, matches) => {
    const expected = inOrder(everyone.filter(matches), 'lastName', 'desc');
    const query = { ...filters, sortBy: 'lastName', sortOrder: 'desc', limit: 2 };
    const { users } = await page(query);
    const { pages } = await walk(query, 'nextCursor', await cursorOf(query, 'nextCursor'));
    expect([...users, ...pages.flat()]).toEqual(expected);
  });

  it('neither skips nor repeats a user when another is created between two pages', async () => {
    const query = { sortBy: 'email', sortOrder: 'asc', limit: 5 };
    const first = await page(query);
    const newcomer = await test.api.post('/users', newAccount({ email: 'aaa@example.com' }));
    const second = await page({ ...query, cursor: String(first.pagination['nextCursor']) });
    const { id } = newcomer.body.data.user;
    await test.api.delete(`/users/${id}`, { token });
    expect([...first.users, ...second.users]).toEqual(inOrder(everyone, 'email', 'asc').slice(0, 10));
  });

  it('accepts a cursor with another limit', async () => {
    const cursor = await cursorOf({ sortBy: 'username', sortOrder: 'asc', limit: 3 }, 'nextCursor');
    const { users, pagination } = await page({ sortBy: 'username', sortOrder: 'asc', limit: 100, cursor });
    expect(users).toEqual(inOrder(everyone, 'username', 'asc').slice(3));
    expect(pagination).toMatchObject({ perPage: 100, hasNext: false, hasPrevious: true, nextCursor: null });
  });

  describe('answers 400 to a cursor', () => {
    const query = { sortBy: 'email', sortOrder: 'asc', search: 'example', limit: 3 };
    it.each([
      ['another sort key', { sortBy: 'username' }],
      ['another order', { sortOrder: 'desc' }],
      ['another search', { search: 'examp' }],
      ['an added status', { status: 'active' }],
      ['an added role', { role: 'user' }],
      ['an added email', { email: 'bb1@example.com' }],
      ['an added username', { username: 'abe1' }],
    ])('from another query, sent with %s', async (_, other) => {
      const cursor = await cursorOf(query, 'nextCursor');
      expectInvalid(await get({ ...query, ...other, cursor }), 'cursor');
    });

    it('sent together with a page', async () => {
      const cursor = await cursorOf(query, 'nextCursor');
      expectInvalid(await get({ ...query, cursor, page: 1 }), 'cursor');
    });

    it.each([
      ['changed at its beginning', (cursor: string) => `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`],
      ['changed at its end', (cursor: string) => `${cursor.slice(0, -2)}${cursor.endsWith('A') ? 'B' : 'A'}A`],
      ['cut short', (cursor: string) => cursor.slice(0, -1)],
      ['made longer', (cursor: string) => `${cursor}A`],
      ['padded', (cursor: string) => `${cursor}=`],
      ['with a space in it', (cursor: string) => `${cursor.slice(0, 9)} ${cursor.slice(9)}`],
      ['that is only a signature', (cursor: string) => cursor.slice(0, 22)],
      ['that is a word', () => 'next'],
      ['that is JSON', () => Buffer.from('["next",null,null]').toString('base64url')],
      ['of 10,000 characters', () => 'A'.repeat(10_000)],
    ])('%s', async (_, forge) => {
      expectInvalid(await get({ ...query, cursor: forge(await cursorOf(query, 'nextCursor')) }), 'cursor');
    });
  });
});
