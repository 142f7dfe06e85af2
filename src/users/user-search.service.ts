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
const GLANCE_FACTOR = 10n;
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
    const words = searchWords(query.search ?? '');
    if (words.length === 0) return { users: [], total: totalOf(0, MAX_COUNTED) };
    const run: Run = (statement) => this.run(statement, signal);
    let sight = await this.look(query, words, slice, run);
    if (sight.emptyTexts) {
      // A database that takes no writes still answers searches, as an estimate.
      await this.texts.fill(MAX_FILLED).catch(() => undefined);
      sight = await this.look(query, words, slice, run);
    }
    const { users, total } = await this.decide(query, words, slice, sight, run);
    return { users, total: sight.emptyTexts ? { ...total, isEstimate: true } : total };
  }

  private async decide(
    query: UserListQuery,
    words: readonly string[],
    slice: Slice,
    { users, seenAll, hits, isFull, found }: Sight,
    run: Run,
  ): Promise<Found> {
    if (seenAll) return { users, total: totalOf(hits, MAX_COUNTED) };
    if (isFull) return { users, total: await this.count(query, words, slice, run) };
    const total = totalOf(found, MAX_COUNTED);
    if (!total.isEstimate) return { users, total };
    const walk = selectSlice(USER_COLUMNS_SQL, query, conditionsOf(query, words, containsInWalk), slice);
    return { users: await run<User[]>(walk), total };
  }

  /**
   * Glances at the first rows of the list, or beyond its cursor. Only if they do not fill the page, PostgreSQL runs the second
   * part of the statement, which collects matches from the whole table, up to one more than `MAX_COUNTED`.
   */
  private async look(query: UserListQuery, words: readonly string[], slice: Slice, run: Run): Promise<Sight> {
    const { cursor, skip = 0n, limit } = slice;
    const wanted = skip + BigInt(limit);
    const glanced = wanted * GLANCE_FACTOR > MAX_GLANCE ? 0n : wanted * GLANCE_FACTOR;
    const order = orderSql(query, cursor);
    const page = Prisma.sql`ORDER BY ${order} LIMIT ${limit} OFFSET ${skip}`;
    const tooFew = Prisma.sql`(SELECT seen = ${glanced} AND hits < ${wanted} FROM facts)`;
    const everywhere = [...wholeTable(query, words), tooFew];
    const rows = await run<Beside<{ seen: bigint; hits: bigint; found: bigint; emptyTexts: boolean }>>(Prisma.sql`
      WITH seen AS MATERIALIZED (
        ${selectSlice(Prisma.sql`*`, query, [visible(query)], { cursor, limit: Number(glanced) })}),
      hits AS MATERIALIZED (SELECT * FROM seen WHERE ${allOf([...filters(query), ...words.map(contains)])}),
      facts AS MATERIALIZED (
        SELECT (SELECT count(*) FROM seen) AS seen, (SELECT count(*) FROM hits) AS hits),
      found AS MATERIALIZED (${selectUnordered(query, everywhere, { cursor, limit: MAX_COUNTED + 1 })})
      SELECT facts.*, (SELECT count(*) FROM found) AS found,
        EXISTS (SELECT FROM users WHERE search_text IS NULL) AS "emptyTexts", page.*
      FROM facts LEFT JOIN (
        (SELECT ${USER_COLUMNS_SQL} FROM hits WHERE NOT ${tooFew} ${page})
        UNION ALL
        (SELECT ${USER_COLUMNS_SQL} FROM users WHERE id IN (SELECT id FROM found ${page}) ORDER BY ${order})
      ) AS page ON TRUE`);
    const [{ seen, hits, found, emptyTexts } = { seen: 0n, hits: 0n, found: 0n, emptyTexts: false }] = rows;
    return {
      users: usersOf(rows),
      seenAll: seen < glanced,
      hits: Number(hits),
      isFull: hits >= wanted,
      found: Number(found),
      emptyTexts,
    };
  }

  /** A page from a cursor has no total. */
  private async count(query: UserListQuery, words: readonly string[], { cursor }: Slice, run: Run): Promise<Total> {
    if (cursor !== undefined) return totalOf(0, MAX_COUNTED);
    const conditions = wholeTable(query, words);
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

/** What a look has found. */
interface Sight {
  /** The rows of the page, if the glance fills it or there are few matches. */
  readonly users: User[];
  /** Whether the glance was at all rows of the list. */
  readonly seenAll: boolean;
  /** Matches at the glance, and whether they fill the page. */
  readonly hits: number;
  readonly isFull: boolean;
  /** Matches in the whole table, where the glance did not fill the page. */
  readonly found: number;
  /** Whether there are users that no word finds yet. */
  readonly emptyTexts: boolean;
}

/** For statements that look in the whole table. */
function wholeTable(query: UserListQuery, words: readonly string[]): Prisma.Sql[] {
  return conditionsOf(query, words, hasTrigrams(words) ? contains : containsInScan);
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
