import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { CursorPages, type Pagination } from '#platform/paging';
import { USER_COLUMNS_SQL, type User } from './user.js';
import {
  allOf,
  type Beside,
  filters,
  orderSql,
  pagedList,
  selectSlice,
  type Slice,
  type UserListQuery,
  usersOf,
  visible,
} from './user-list.sql.js';
import { UserSearchService } from './user-search.service.js';
import { keptTotal, type Total, totalOf } from './user-totals.service.js';

/** How far the users that meet a filter are counted: beyond, the total is an estimate. */
const MAX_COUNTED = 10_000;

export interface UserPage {
  readonly users: User[];
  readonly pagination: Pagination;
}

/** Pages of the users table, by number or, at the same cost however deep, by cursor. */
@Injectable()
export class UserListService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly pages: CursorPages,
    private readonly search: UserSearchService,
  ) {}

  async page(query: UserListQuery): Promise<UserPage> {
    return query.cursor === undefined ? this.pageByNumber(query) : this.pageByCursor(query, query.cursor);
  }

  private async pageByNumber(query: UserListQuery): Promise<UserPage> {
    const { page, limit } = query;
    const slice = { skip: BigInt(page - 1) * BigInt(limit), limit: limit + 1 };
    const { users: found, total } =
      query.search === undefined ? await this.findWithTotal(query, slice) : await this.search.find(query, slice);
    const users = found.slice(0, limit);
    return {
      users,
      pagination: {
        currentPage: page,
        perPage: limit,
        totalPages: Math.ceil(total.items / limit),
        totalItems: total.items,
        ...(total.isEstimate ? { totalIsEstimate: true } : {}),
        ...this.pages.links(users, found.length > limit, page > 1 && total.items > 0, pagedList(query)),
      },
    };
  }

  private async pageByCursor(query: UserListQuery, text: string): Promise<UserPage> {
    const list = pagedList(query);
    const cursor = this.pages.read(text, list);
    const slice = { cursor, limit: query.limit + 1 };
    const found =
      query.search === undefined
        ? await this.prisma.$queryRaw<User[]>`${selectPage(query, slice)}`
        : (await this.search.find(query, slice)).users;
    const { rows, pagination } = this.pages.cut(found, cursor, list);
    return { users: rows, pagination };
  }

  /** A page and its total in one statement. */
  private async findWithTotal(query: UserListQuery, slice: Slice): Promise<{ users: User[]; total: Total }> {
    const hasOtherFilters = filters({ ...query, status: undefined }).length > 0;
    const total = hasOtherFilters ? countUpTo(MAX_COUNTED + 1, query) : keptTotal(query.status);
    const rows = await this.prisma.$queryRaw<Beside<{ total: number }>>`
      SELECT facts.*, page.* FROM (SELECT ${total}::int AS total) AS facts LEFT JOIN (
        ${selectPage(query, slice)}
      ) AS page ON TRUE`;
    const counted = rows[0]?.total ?? 0;
    return {
      users: usersOf(rows),
      total: hasOtherFilters ? totalOf(counted, MAX_COUNTED) : { items: counted, isEstimate: false },
    };
  }
}

/** Finds the page's ids first, without a filter in an index alone, and reads only those rows. */
function selectPage(query: UserListQuery, slice: Slice): Prisma.Sql {
  const ids = selectSlice(Prisma.sql`id`, query, [visible(query), ...filters(query)], slice);
  return Prisma.sql`
    SELECT ${USER_COLUMNS_SQL} FROM users WHERE id IN (${ids}) ORDER BY ${orderSql(query, slice.cursor)}`;
}

function countUpTo(max: number, query: UserListQuery): Prisma.Sql {
  const conditions = allOf([visible(query), ...filters(query)]);
  return Prisma.sql`(SELECT count(*) FROM (SELECT FROM users WHERE ${conditions} LIMIT ${max}) AS counted)`;
}
