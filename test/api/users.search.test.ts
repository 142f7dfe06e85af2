import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { SearchTextsService } from '../../src/users/index.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { type Query, withQuery } from '../support/query.js';
import { waitUntil } from '../support/wait.js';

/** First and last names, by username. */
const NAMES = {
  greek: ['Νίκος', 'Παπαδόπουλος'],
  german: ['Jörg', 'Weiß-Straßer'],
  turkish: ['İpek', 'Işık'],
  spanish: ['José', 'Núñez'],
  polish: ['Łukasz', 'Żółć'],
  vietnamese: ['Đặng', 'Thị Nguyễn'],
  danish: ['Søren', 'Kjærgård'],
  hebrew: ['דָּוִד', 'כֹּהֵן'],
  decomposed: ['Ame\u0301lie', 'Zoe\u0308'],
  ligature: ['\uFB01ona', '\uFF34\uFF2F\uFF2D'],
  plain: ['Ann', 'Abel'],
  percent: ['100%', "O'Neil_x\\y"],
} as const;

type Username = keyof typeof NAMES;

describe('GET /users?search=', () => {
  let test: TestApp;
  let token: string;
  beforeAll(async () => {
    test = await startApp();
    token = (await test.admin()).token;
    for (const [username, [firstName, lastName]] of Object.entries(NAMES)) {
      await register(test.api, newAccount({ username, email: `${username}@people.org`, firstName, lastName }));
    }
  });
  afterAll(() => test.close());

  async function list(query: Query) {
    const { status, body, text } = await test.api.get(withQuery('/users', query), { token });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return body.data as { users: { id: string; username: string }[]; pagination: Record<string, unknown> };
  }

  async function found(search: string): Promise<string[]> {
    const { users, pagination } = await list({ search, limit: 100 });
    expect(pagination['totalItems']).toBe(users.length);
    return users.map(({ username }) => username).toSorted();
  }

  it.each([
    ['Greek capitals without accents', 'ΝΙΚΟΣ', 'greek'],
    ['Greek capitals with an accent', 'ΝΊΚΟΣ', 'greek'],
    ['a Greek word that ends in another sigma', 'νικοσ', 'greek'],
    ['part of a Greek word', 'δοπουλ', 'greek'],
    ['ss for ß', 'strasse', 'german'],
    ['the capital ẞ', 'WEIẞ', 'german'],
    ['SS for ß', 'WEISS', 'german'],
    ['o for ö', 'jorg', 'german'],
    ['i for İ', 'ipek', 'turkish'],
    ['İ', 'İPEK', 'turkish'],
    ['I for ı, and s for ş', 'isik', 'turkish'],
    ['Turkish capitals', 'IŞIK', 'turkish'],
    ['Spanish without accents', 'jose nunez', 'spanish'],
    ['words in another order', 'NÚÑEZ JOSÉ', 'spanish'],
    ['parts of words, one from the email', 'spanish@ nun', 'spanish'],
    ['Polish without accents', 'lukasz zolc', 'polish'],
    ['Polish capitals', 'ŻÓŁĆ', 'polish'],
    ['Vietnamese without accents', 'dang nguyen', 'vietnamese'],
    ['Vietnamese with some accents', 'Đang Thi', 'vietnamese'],
    ['Danish', 'soren kjærgard', 'danish'],
    ['Hebrew without points', 'דוד כהן', 'hebrew'],
    ['Hebrew with points', 'כֹּהֵן', 'hebrew'],
    ['composed letters for decomposed ones', 'amélie zoë', 'decomposed'],
    ['decomposed letters for composed ones', 'jose\u0301', 'spanish'],
    ['letters of a ligature, and of wide letters', 'fiona tom', 'ligature'],
    ['a percent sign', '0%', 'percent'],
    ['an underscore', 'l_x', 'percent'],
    ['a backslash', 'x\\y', 'percent'],
    ['a quote', "o'neil", 'percent'],
    ['a word twice, and a part of it', 'abel abel be', 'plain'],
    ['blanks of all kinds between words', '\u00A0ann\u3000\tabel ', 'plain'],
  ] as [string, string, Username][])('finds %s: %s', async (_, search, username) => {
    expect(await found(search)).toEqual([username]);
  });

  it.each([
    ['a word that begins in one field and ends in the next', 'nabel'],
    ['one word of two', 'ann nowhere'],
    ['a wildcard', 'a%l'],
    ['a wildcard for one letter', 'a_n'],
    ['nothing but combining marks', '\u0301\u0301'],
    ['more words than a user has', Array.from({ length: 101 }, (_, n) => `a${n}`).join(' ')],
    ['thousands of combining marks', `ann ${'\u0316\u0301'.repeat(1_200)}`],
  ])('finds no user by %s', async (_, search) => {
    expect(await found(search)).toEqual([]);
  });

  it('finds what an update has changed by its new name alone', async () => {
    const { user, token: own } = await register(test.api, newAccount({ firstName: 'Before' }));
    await test.api.patch('/users/me', { firstName: 'Áfter', lastName: null }, { token: own });
    expect(await found('before')).toEqual([]);
    expect(await found('after')).toEqual([user.username]);
    await test.api.patch('/users/me', { firstName: 'AFTER' }, { token: own });
    expect(await found('after')).toEqual([user.username]);
    await test.api.patch('/users/me', { firstName: null }, { token: own });
    expect(await found('after')).toEqual([]);
  });

  it('finds at once what SQL or an older release has written, which the background fills too', async () => {
    const prisma = test.app.get(PrismaService);
    const { user } = await register(test.api, newAccount());
    await prisma.$executeRaw`UPDATE users SET first_name = 'Ærø' WHERE id = ${user.id}::uuid`;
    expect(await found('Æro')).toEqual([user.username]);
    await prisma.$executeRaw`UPDATE users SET last_name = 'Gärtner' WHERE id = ${user.id}::uuid`;
    await waitUntil('the background has filled the text', async () => {
      const [row] = await prisma.$queryRaw<[{ text: string | null }]>`
        SELECT search_text AS text FROM users WHERE id = ${user.id}::uuid`;
      return row.text?.endsWith('æro\ngartner') === true;
    });
  });
});

interface Page {
  readonly users: { readonly id: string }[];
  readonly pagination: Readonly<Record<string, unknown>>;
}

describe('GET /users?search= among thousands', () => {
  const CROWD = 1_300;
  const RARE = 30;
  let test: TestApp;
  let token: string;
  beforeAll(async () => {
    test = await startApp();
    token = (await test.admin()).token;
    // The oldest are the rare ones: no glance at the beginning of the newest finds them.
    await test.app.get(PrismaService).$executeRaw`
      INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, last_name,
        last_name_lower, search_text, created_at, updated_at)
      SELECT ('01890000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, name, name, name || '@crowd.org',
        name || '@crowd.org', 'none', word, last, last, name || E'\n' || name || E'@crowd.org\n' || word || E'\n' || last, born, born
      FROM generate_series(1, ${CROWD + RARE}::int) AS n, LATERAL (
        SELECT 'member' || n AS name, CASE WHEN n <= ${RARE}::int THEN 'rara' ELSE 'multi' END AS word,
          CASE WHEN n % 3 = 0 THEN NULL ELSE 'last' || n % 50 END AS last,
          timestamptz '2020-01-01Z' + n * interval '1 minute' AS born) AS made`;
    await test.app.get(PrismaService).$executeRaw`ANALYZE users`;
  });
  afterAll(() => test.close());

  async function list(query: Query): Promise<Page> {
    const { status, body, text } = await test.api.get(withQuery('/users', query), { token });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return body.data;
  }

  it('counts a narrow search, and says of a broad one that it is an estimate of 1,000', async () => {
    const narrow = await list({ search: 'rara', limit: 7 });
    expect(narrow.pagination).toMatchObject({ totalItems: RARE, totalPages: 5, hasNext: true });
    expect(narrow.pagination).not.toHaveProperty('totalIsEstimate');
    const broad = await list({ search: 'multi' });
    expect(broad.pagination).toMatchObject({ totalItems: 1_000, totalPages: 50, totalIsEstimate: true, hasNext: true });
  });

  it.each([
    ['a broad search', 'multi', 1_300],
    ['two broad words', 'crowd.org ULTI', 1_300],
    ['two letters', 'ul', 1_300],
    ['two rare letters', 'rr', 0],
    ['a rare word and a common one', 'rara member', 30],
  ])('pages to the end, with an exact hasNext: %s', async (_, search, count) => {
    const limit = 100;
    const pages = Math.ceil(count / limit);
    const ids = new Set<string>();
    for (let page = 1; page <= pages; page += 1) {
      const { users, pagination } = await list({ search, page, limit });
      for (const { id } of users) ids.add(id);
      expect(pagination['hasNext']).toBe(page < pages);
    }
    expect(ids.size).toBe(count);
    const past = await list({ search, page: pages + 1, limit });
    expect(past).toMatchObject({ users: [], pagination: { hasNext: false, hasPrevious: pages > 0 } });
  });

  it.each(
    (['rara', 'multi', 'ul'] as const).flatMap((search) =>
      (['createdAt', 'lastName'] as const).flatMap((sortBy) =>
        (['asc', 'desc'] as const).map((sortOrder) => ({ search, sortBy, sortOrder })),
      ),
    ),
  )('lists the same by cursor, there and back, as by number: $search, $sortBy $sortOrder', async (query) => {
    const limit = 97;
    const byNumber: string[] = [];
    for (let page = 1, more = true; more; page += 1) {
      const { users, pagination } = await list({ ...query, page, limit });
      byNumber.push(...users.map(({ id }) => id));
      more = pagination['hasNext'] === true;
    }
    const turn = async (at: Page, link: 'nextCursor' | 'previousCursor') => {
      const cursor = at.pagination[link];
      return typeof cursor === 'string' ? list({ ...query, limit, cursor }) : undefined;
    };
    let last = await list({ ...query, limit });
    const there = [last.users];
    for (let at = await turn(last, 'nextCursor'); at !== undefined; at = await turn(at, 'nextCursor')) {
      there.push(at.users);
      last = at;
    }
    expect(there.flat().map(({ id }) => id)).toEqual(byNumber);
    const back = [last.users];
    for (let at = await turn(last, 'previousCursor'); at !== undefined; at = await turn(at, 'previousCursor')) {
      back.unshift(at.users);
    }
    expect(back.flat().map(({ id }) => id)).toEqual(byNumber);
  });

  it('keeps the other filters in every plan', async () => {
    const { id } = (await list({ search: 'rara', limit: 1 })).users[0] ?? { id: '' };
    await test.api.put(`/users/${id}/status`, { status: 'suspended' }, { token });
    for (const search of ['rara', 'member', 'me', 'rara crowd']) {
      const { users, pagination } = await list({ search, status: 'suspended' });
      expect([users.map((user) => user.id), pagination['totalItems']]).toEqual([[id], 1]);
    }
  });

  it('bounds the total of another filter at 10,000, and of a search whose texts are not all filled', async () => {
    const texts = test.app.get(SearchTextsService);
    await texts.onModuleDestroy();
    await test.app.get(PrismaService).$executeRaw`
      INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, email_verified)
      SELECT gen_random_uuid(), name, name, name || '@b.org', name || '@b.org', 'none', true
      FROM generate_series(1, 9999) AS n, LATERAL (SELECT 'verified' || n AS name) AS made`;
    // With the first admin, 10,000.
    const exact = await list({ emailVerified: 'true' });
    expect(exact.pagination).toMatchObject({ totalItems: 10_000, hasNext: true });
    expect(exact.pagination).not.toHaveProperty('totalIsEstimate');
    const bounded = await list({ role: 'user', limit: 100, page: 113 });
    expect(bounded.pagination).toMatchObject({ totalItems: 10_000, totalIsEstimate: true, hasNext: true });
    expect(bounded.users).toHaveLength(100);
    const end = await list({ role: 'user', limit: 100, page: 114 });
    expect(end).toMatchObject({ pagination: { hasNext: false, hasPrevious: true } });
    // More rows without a search text than one search fills.
    const filling = await list({ search: 'verified99' });
    expect(filling.pagination).toMatchObject({ totalIsEstimate: true });
    await texts.rebuild(() => undefined);
    const filled = await list({ search: 'verified99' });
    expect(filled.pagination).toMatchObject({ totalItems: 111 });
    expect(filled.pagination).not.toHaveProperty('totalIsEstimate');
    expect(await texts.rebuild(() => undefined)).toBe(0);
  });
});
