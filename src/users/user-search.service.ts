import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { Prisma, PrismaService } from '#platform/database';
import { ServiceUnavailableError } from '#platform/errors';
import { ClientGoneError, requestContext, WaitingLine } from '#platform/request';
import { searchWords } from './search-text.js';
import { SearchTextsService } from './search-texts.service.js';
import { USER_COLUMNS_SQL, type User } from './user.js';
import {
  allOf,
  type Beside,
  filters,
  orderSql,
  selectSlice,
  selectUnordered,
  type Slice,
  type UserListQuery,
  usersOf,
  visible,
} from './user-list.sql.js';
import { type Total, totalOf } from './user-totals.service.js';

/** A search that finds more is broad: it is not counted further. */
const MAX_COUNTED = 1_000;
/** How many rows are looked at for each that is wanted, before an index is asked. */
const GLANCE_FACTOR = 10;
const MAX_GLANCE = 5_000n;
/** How many empty search texts a search fills first, if there are any. */
const MAX_FILLED = 500;

export interface Found {
  /** The rows of the slice. */
  readonly users: User[];
  /** Of the whole list. Of no meaning for a slice from a cursor. */
  readonly total: Total;
}

/**
 * Finds users by words. The plan is chosen here, as PostgreSQL cannot tell a rare word from a common one: first a glance
 * at the beginning of the sorted list; then, of a narrow search, all rows by the trigram index; else a walk along the
 * sort's index until the page is full.
 */
@Injectable()
export class UserSearchService {
  private readonly line = new WaitingLine();
  private readonly maxWaiting: number;
  private free: number;

  constructor(
    private readonly prisma: PrismaService,
    private readonly texts: SearchTextsService,
    { search }: AppConfig,
  ) {
    this.free = search.running;
    this.maxWaiting = search.waiting;
  }

  /**
   * Waits while too many searches run on this instance. Ends, also in PostgreSQL, when the client hangs up.
   *
   * @throws ServiceUnavailableError when too many wait already
   */
  async find(query: UserListQuery, slice: Slice): Promise<Found> {
    const signal = requestContext()?.signal;
    if (this.line.length >= this.maxWaiting) throw new ServiceUnavailableError();
    if (this.free > 0) this.free -= 1;
    else await this.line.join(signal);
    try {
      return await this.search(query, slice, signal);
    } finally {
      if (!this.line.next()) this.free += 1;
    }
  }

  private async search(query: UserListQuery, slice: Slice, signal: AbortSignal | undefined): Promise<Found> {
    const words = searchWords(query.search ?? '') ?? [];
    if (words.length === 0) return { users: [], total: totalOf(0, MAX_COUNTED) };
    const run: Run = (statement) => this.run(statement, signal);
    const glance = await this.glance(query, words, slice, run);
    if (!glance.emptyTexts) return this.decide(query, words, slice, glance, run);
    // A database that takes no writes still answers searches, as an estimate.
    await this.texts.fill(MAX_FILLED).catch(() => undefined);
    const again = await this.glance(query, words, slice, run);
    const { users, total } = await this.decide(query, words, slice, again, run);
    return { users, total: again.emptyTexts ? { ...total, isEstimate: true } : total };
  }

  private async decide(
    query: UserListQuery,
    words: readonly string[],
    slice: Slice,
    { users, hits, sawAll }: Glance,
    run: Run,
  ): Promise<Found> {
    if (sawAll) return { users, total: totalOf(hits, MAX_COUNTED) };
    const conditions = [
      visible(query),
      ...filters(query),
      ...words.map(hasTrigrams(words) ? contains : containsInScan),
    ];
    if (users.length === slice.limit) return { users, total: await this.count(conditions, slice, run) };
    const narrow = await this.collect(query, conditions, slice, run);
    if (narrow.found <= MAX_COUNTED) return { users: narrow.users, total: totalOf(narrow.found, MAX_COUNTED) };
    const walked = conditionsOf(query, words, containsInWalk);
    return {
      users: await run<User[]>(selectSlice(USER_COLUMNS_SQL, query, walked, slice)),
      total: totalOf(narrow.found, MAX_COUNTED),
    };
  }

  /** Looks at the first rows of the list, or beyond its cursor: there, a common word fills the page. */
  private async glance(query: UserListQuery, words: readonly string[], slice: Slice, run: Run): Promise<Glance> {
    const { cursor, skip = 0n, limit } = slice;
    const wanted = (skip + BigInt(limit)) * BigInt(GLANCE_FACTOR);
    const looked = wanted > MAX_GLANCE ? 0 : Number(wanted);
    const order = orderSql(query, cursor);
    const rows = await run<Beside<{ seen: bigint; hits: bigint; emptyTexts: boolean }>>(Prisma.sql`
      WITH seen AS MATERIALIZED (${selectSlice(Prisma.sql`*`, query, [visible(query)], { cursor, limit: looked })}),
      hits AS MATERIALIZED (SELECT * FROM seen WHERE ${allOf([...filters(query), ...words.map(contains)])})
      SELECT facts.*, page.* FROM (
        SELECT (SELECT count(*) FROM seen) AS seen, (SELECT count(*) FROM hits) AS hits,
          EXISTS (SELECT FROM users WHERE search_text IS NULL) AS "emptyTexts"
      ) AS facts LEFT JOIN (
        SELECT ${USER_COLUMNS_SQL} FROM hits ORDER BY ${order} LIMIT ${limit} OFFSET ${skip}
      ) AS page ON TRUE`);
    const [{ seen, hits, emptyTexts } = { seen: 0n, hits: 0n, emptyTexts: false }] = rows;
    return { users: usersOf(rows), hits: Number(hits), sawAll: looked > 0 && seen < looked, emptyTexts };
  }

  /** Counts the matches up to one more than `MAX_COUNTED`, and sorts them. If there are more, the page means nothing. */
  private async collect(
    query: UserListQuery,
    conditions: readonly Prisma.Sql[],
    { cursor, skip = 0n, limit }: Slice,
    run: Run,
  ): Promise<{ users: User[]; found: number }> {
    const order = orderSql(query, cursor);
    const rows = await run<Beside<{ found: bigint }>>(Prisma.sql`
      WITH found AS MATERIALIZED (${selectUnordered(query, conditions, { cursor, limit: MAX_COUNTED + 1 })})
      SELECT (SELECT count(*) FROM found) AS found, page.* FROM (VALUES (1)) AS one LEFT JOIN (
        SELECT ${USER_COLUMNS_SQL} FROM users
        WHERE id IN (SELECT id FROM found ORDER BY ${order} LIMIT ${limit} OFFSET ${skip}) ORDER BY ${order}
      ) AS page ON TRUE`);
    return { users: usersOf(rows), found: Number(rows[0]?.found ?? 0n) };
  }

  /** A page from a cursor has no total. */
  private async count(conditions: readonly Prisma.Sql[], { cursor }: Slice, run: Run): Promise<Total> {
    if (cursor !== undefined) return totalOf(0, MAX_COUNTED);
    const [{ found }] = await run<[{ found: bigint }]>(Prisma.sql`
      SELECT count(*) AS found FROM (SELECT FROM users WHERE ${allOf(conditions)} LIMIT ${MAX_COUNTED + 1}) AS counted`);
    return totalOf(Number(found), MAX_COUNTED);
  }

  private async run<T>(statement: Prisma.Sql, signal: AbortSignal | undefined): Promise<T> {
    const isGone = () => signal?.aborted === true;
    if (isGone()) throw new ClientGoneError();
    // The comment names the statement for its cancellation.
    const comment = `/* search ${randomUUID()} */`;
    const cancel = () => void this.cancel(comment);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await this.prisma.$queryRaw<T>(Prisma.sql`${Prisma.raw(comment)} ${statement}`);
    } catch (error) {
      throw isGone() ? new ClientGoneError() : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  private async cancel(comment: string): Promise<void> {
    const statement = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE state = 'active' AND pid <> pg_backend_pid() AND starts_with(query, '${comment}')`;
    // If it cannot be cancelled, it ends by itself.
    await this.prisma.runApart(statement).catch(() => undefined);
  }
}

type Run = <T>(statement: Prisma.Sql) => Promise<T>;

interface Glance {
  readonly users: User[];
  /** Among the rows that it looked at. */
  readonly hits: number;
  readonly sawAll: boolean;
  /** Whether there are users that no word finds yet. */
  readonly emptyTexts: boolean;
}

function conditionsOf(
  query: UserListQuery,
  words: readonly string[],
  containing: (word: string) => Prisma.Sql,
): Prisma.Sql[] {
  return [visible(query), ...filters(query), ...words.map(containing)];
}

function contains(word: string): Prisma.Sql {
  return Prisma.sql`search_text LIKE ${pattern(word)}`;
}

/** Not as the index compares, which without a trigram would be read whole before the table. */
function containsInScan(word: string): Prisma.Sql {
  return Prisma.sql`search_text COLLATE "POSIX" LIKE ${pattern(word)}`;
}

/** An expression that PostgreSQL has no statistics on: it expects many rows, and walks along the sort's index. */
function containsInWalk(word: string): Prisma.Sql {
  return Prisma.sql`search_text || '' LIKE ${pattern(word)}`;
}

/** Whether the trigram index narrows the search: trigrams are of letters and digits. */
function hasTrigrams(words: readonly string[]): boolean {
  return words.some((word) => /[\p{L}\p{N}]{3}/u.test(word));
}

function pattern(word: string): string {
  return `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
