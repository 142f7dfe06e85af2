import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { type Cursor, CursorPages, type PagedList, type PageRequest, type Pagination } from '#platform/paging';
import { foldName, lowerCase } from './fold.js';
import { USER_COLUMNS_SQL, type User, type UserStatus } from './user.js';

export const SORT_COLUMNS = {
  createdAt: { column: 'created_at', cast: 'timestamptz', nullable: false },
  email: { column: 'email_lower', cast: 'text', nullable: false },
  username: { column: 'username_lower', cast: 'text', nullable: false },
  lastName: { column: 'last_name_lower', cast: 'text', nullable: true },
} as const;

export type UserSortKey = keyof typeof SORT_COLUMNS;

export interface UserListQuery extends PageRequest {
  readonly page: number;
  readonly search?: string;
  readonly email?: string;
  readonly username?: string;
  readonly status?: UserStatus;
  readonly role?: string;
  readonly emailVerified?: boolean;
  readonly createdFrom?: Date;
  readonly createdTo?: Date;
  readonly sortBy: UserSortKey;
  readonly sortOrder: 'asc' | 'desc';
}

export interface UserPage {
  readonly users: User[];
  readonly pagination: Pagination;
}

export const LIST_DEFAULTS = { sortBy: 'createdAt', sortOrder: 'desc' } as const;

/** Pages of the users table, by number or, at the same cost however deep, by cursor. */
@Injectable()
export class UserListService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly pages: CursorPages,
  ) {}

  async page(query: UserListQuery): Promise<UserPage> {
    return query.cursor === undefined ? this.pageByNumber(query) : this.pageByCursor(query, query.cursor);
  }

  private async pageByNumber(query: UserListQuery): Promise<UserPage> {
    const where = filterSql(query);
    const skip = BigInt(query.page - 1) * BigInt(query.limit);
    const [users, [counted]] = await Promise.all([
      this.prisma.$queryRaw<User[]>`
        SELECT ${USER_COLUMNS_SQL} FROM users WHERE ${where} ORDER BY ${orderSql(query, false)} LIMIT ${query.limit} OFFSET ${skip}`,
      this.prisma.$queryRaw<{ total: bigint }[]>`SELECT count(*) AS total FROM users WHERE ${where}`,
    ]);
    const totalItems = Number(counted?.total ?? 0);
    const hasNext = skip + BigInt(query.limit) < BigInt(totalItems);
    const hasPrevious = query.page > 1 && totalItems > 0;
    return {
      users,
      pagination: {
        currentPage: query.page,
        perPage: query.limit,
        totalPages: Math.ceil(totalItems / query.limit),
        totalItems,
        ...this.pages.links(users, hasNext, hasPrevious, pagedList(query)),
      },
    };
  }

  private async pageByCursor(query: UserListQuery, text: string): Promise<UserPage> {
    const list = pagedList(query);
    const cursor = this.pages.read(text, list);
    const backwards = cursor.direction === 'previous';
    const parts = keysetParts(query, cursor).map(
      (condition) => Prisma.sql`
        (SELECT * FROM users WHERE ${filterSql(query)} AND ${condition}
         ORDER BY ${orderSql(query, backwards)} LIMIT ${query.limit + 1})`,
    );
    const found = await this.prisma.$queryRaw<User[]>`
      SELECT ${USER_COLUMNS_SQL} FROM (${Prisma.join(parts, ' UNION ALL ')}) AS parts
      ORDER BY ${orderSql(query, backwards)} LIMIT ${query.limit + 1}`;
    const { rows, pagination } = this.pages.cut(found, cursor, list);
    return { users: rows, pagination };
  }
}

function pagedList(query: UserListQuery): PagedList<User> {
  const { limit, search, email, username, status, role, sortBy, sortOrder } = query;
  const { emailVerified, createdFrom, createdTo } = query;
  const filters = [search, email, username, status, role, emailVerified, createdFrom, createdTo];
  return { identity: ['users', ...filters, sortBy, sortOrder], limit, sortKeyOf: (user) => sortKey(query, user) };
}

function column({ sortBy }: UserListQuery): Prisma.Sql {
  return Prisma.raw(SORT_COLUMNS[sortBy].column);
}

function filterSql(query: UserListQuery): Prisma.Sql {
  const { search, email, username, status, role, emailVerified, createdFrom, createdTo } = query;
  const conditions = [status === 'deleted' ? Prisma.sql`deleted_at IS NOT NULL` : Prisma.sql`deleted_at IS NULL`];
  if (status !== undefined) conditions.push(Prisma.sql`status = ${status}::user_status`);
  if (email !== undefined) conditions.push(Prisma.sql`email_lower = ${foldName(email)}`);
  if (username !== undefined) conditions.push(Prisma.sql`username_lower = ${foldName(username)}`);
  if (emailVerified !== undefined) conditions.push(Prisma.sql`email_verified = ${emailVerified}`);
  if (createdFrom !== undefined) conditions.push(Prisma.sql`created_at >= ${createdFrom}`);
  if (createdTo !== undefined) conditions.push(Prisma.sql`created_at < ${createdTo}`);
  if (role !== undefined) conditions.push(Prisma.sql`roles @> ARRAY[${role}]`);
  if (search !== undefined) {
    const pattern = `%${lowerCase(search).replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(Prisma.sql`(username_lower LIKE ${pattern} OR email_lower LIKE ${pattern}
      OR first_name_lower LIKE ${pattern} OR last_name_lower LIKE ${pattern})`);
  }
  return Prisma.join(conditions, ' AND ');
}

/** Nulls come last in both orders, so first when a page is read backwards. */
function orderSql(query: UserListQuery, backwards: boolean): Prisma.Sql {
  const { column: name, nullable } = SORT_COLUMNS[query.sortBy];
  const order = (query.sortOrder === 'asc') === backwards ? 'DESC' : 'ASC';
  const nulls = nullable ? ` NULLS ${backwards ? 'FIRST' : 'LAST'}` : '';
  return Prisma.raw(`${name} ${order}${nulls}, id ${order}`);
}

/** The rows beyond the cursor, as one or two ranges that an index serves each: those with a sort key and those without. */
function keysetParts(query: UserListQuery, { direction, anchor }: Cursor): Prisma.Sql[] {
  const { cast, nullable } = SORT_COLUMNS[query.sortBy];
  const backwards = direction === 'previous';
  const beyond = Prisma.raw((query.sortOrder === 'asc') === backwards ? '<' : '>');
  const keyed = Prisma.sql`${column(query)} IS NOT NULL`;
  const keyless = Prisma.sql`${column(query)} IS NULL`;
  if (anchor === null) return nullable ? [keyed, keyless] : [Prisma.sql`TRUE`];
  if (anchor.key === null) {
    const rest = Prisma.sql`${keyless} AND id ${beyond} ${anchor.id}::uuid`;
    return backwards ? [rest, keyed] : [rest];
  }
  const key = Prisma.sql`${anchor.key}::${Prisma.raw(cast)}`;
  const range = Prisma.sql`(${column(query)}, id) ${beyond} (${key}, ${anchor.id}::uuid)`;
  return nullable && !backwards ? [range, keyless] : [range];
}

function sortKey({ sortBy }: UserListQuery, user: User): string | null {
  switch (sortBy) {
    case 'createdAt':
      return user.createdAt.toISOString();
    case 'email':
      return foldName(user.email);
    case 'username':
      return foldName(user.username);
    case 'lastName':
      return user.lastName === null ? null : lowerCase(user.lastName);
  }
}
