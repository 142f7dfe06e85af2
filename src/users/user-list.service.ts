import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { CursorPages, type Pagination } from '#platform/paging';
import { USER_COLUMNS_SQL, type User } from './user.js';
import {
  allOf,
  filters,
  orderSql,
  pagedList,
  selectSlice,
  type Slice,
  type UserListQuery,
  visible,
} from './user-list.sql.js';
import { UserSearchService } from './user-search.service.js';
import { type Total, totalOf, UserTotalsService } from './user-totals.service.js';

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
    private readonly totals: UserTotalsService,
  ) {}

  async page(query: UserListQuery): Promise<UserPage> {
    return query.cursor === undefined ? this.pageByNumber(query) : this.pageByCursor(query, query.cursor);
  }

  private async pageByNumber(query: UserListQuery): Promise<UserPage> {
    const { page, limit } = query;
    const slice = { skip: BigInt(page - 1) * BigInt(limit), limit: limit + 1 };
    const { users: found, total } =
      query.search === undefined ? await this.firstWithTotal(query, slice) : await this.search.find(query, slice);
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
      query.search === undefined ? await this.read(query, slice) : (await this.search.find(query, slice)).users;
    const { rows, pagination } = this.pages.cut(found, cursor, list);
    return { users: rows, pagination };
  }

  private async firstWithTotal(query: UserListQuery, slice: Slice): Promise<{ users: User[]; total: Total }> {
    const [users, total] = await Promise.all([this.read(query, slice), this.count(query)]);
    return { users, total };
  }

  /** Finds the page's ids first, without a filter in an index alone, and reads only those rows. */
  private async read(query: UserListQuery, slice: Slice): Promise<User[]> {
    const ids = selectSlice(Prisma.sql`id`, query, [visible(query), ...filters(query)], slice);
    return this.prisma.$queryRaw<User[]>`
      SELECT ${USER_COLUMNS_SQL} FROM users WHERE id IN (${ids}) ORDER BY ${orderSql(query, slice.cursor)}`;
  }

  private async count(query: UserListQuery): Promise<Total> {
    const hasOtherFilters = filters({ ...query, status: undefined }).length > 0;
    if (!hasOtherFilters) return { items: await this.totals.count(query.status), isEstimate: false };
    const [{ found }] = await this.prisma.$queryRaw<[{ found: bigint }]>`
      SELECT count(*) AS found FROM (
        SELECT FROM users WHERE ${allOf([visible(query), ...filters(query)])} LIMIT ${MAX_COUNTED + 1}) AS counted`;
    return totalOf(Number(found), MAX_COUNTED);
  }
}
