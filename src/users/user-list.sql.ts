import { Prisma } from '#platform/database';
import type { Cursor, PagedList, PageRequest } from '#platform/paging';
import type { Attributes, AttributeValue } from '#platform/extensions';
import { foldName, lowerCase } from './fold.js';
import type { User, UserStatus } from './user.js';

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
  readonly attributes: Attributes;
  readonly sortBy: UserSortKey;
  readonly sortOrder: 'asc' | 'desc';
}

/** Which rows of the sorted list are read. */
export interface Slice {
  /** Reads from there, in its direction; without one, from the beginning. */
  readonly cursor?: Cursor | undefined;
  readonly skip?: bigint;
  readonly limit: number;
}

/** The rows of a page beside facts about the whole; where the page is empty, one row with an `id` of null. */
export type Beside<Facts> = (Facts & (User | { readonly id: null }))[];

export function usersOf(rows: Beside<object>): User[] {
  return rows.filter((row): row is (typeof rows)[number] & User => row.id !== null);
}

/** Reads a slice of the users that meet the conditions. Each sort has an index of the users that are not deleted. */
export function selectSlice(
  columns: Prisma.Sql,
  query: UserListQuery,
  conditions: readonly Prisma.Sql[],
  { cursor, skip = 0n, limit }: Slice,
): Prisma.Sql {
  const order = orderSql(query, cursor);
  const [range = Prisma.empty, ...others] = ranges(query, cursor);
  const from = (one: Prisma.Sql) => Prisma.sql`users WHERE ${allOf([...conditions, one])} ORDER BY ${order}`;
  if (others.length === 0) return Prisma.sql`SELECT ${columns} FROM ${from(range)} LIMIT ${limit} OFFSET ${skip}`;
  const parts = [range, ...others].map((one) => Prisma.sql`(SELECT * FROM ${from(one)} LIMIT ${limit})`);
  return Prisma.sql`
    SELECT ${columns} FROM (${Prisma.join(parts, ' UNION ALL ')}) AS users ORDER BY ${order} LIMIT ${limit}`;
}

/** Reads up to `limit` rows of a slice, in any order. */
export function selectUnordered(
  query: UserListQuery,
  conditions: readonly Prisma.Sql[],
  { cursor, limit }: Omit<Slice, 'skip'>,
): Prisma.Sql {
  const range = Prisma.join(ranges(query, cursor), ' OR ');
  return Prisma.sql`SELECT id, ${column(query)} FROM users WHERE ${allOf([...conditions, Prisma.sql`(${range})`])} LIMIT ${limit}`;
}

/** Nulls come last in both orders, so first when a page is read backwards. */
export function orderSql({ sortBy, sortOrder }: UserListQuery, cursor?: Cursor): Prisma.Sql {
  const { column: name, nullable } = SORT_COLUMNS[sortBy];
  const backwards = cursor?.direction === 'previous';
  const order = (sortOrder === 'asc') === backwards ? 'DESC' : 'ASC';
  const nulls = nullable ? ` NULLS ${backwards ? 'FIRST' : 'LAST'}` : '';
  return Prisma.raw(`${name} ${order}${nulls}, id ${order}`);
}

/** Deleted users are listed alone. */
export function visible({ status }: UserListQuery): Prisma.Sql {
  return status === 'deleted' ? Prisma.sql`deleted_at IS NOT NULL` : Prisma.sql`deleted_at IS NULL`;
}

/** The filters other than the search. */
export function filters(query: UserListQuery): Prisma.Sql[] {
  const { email, username, status, role, emailVerified, createdFrom, createdTo, attributes } = query;
  const conditions: (Prisma.Sql | undefined)[] = [
    status === undefined || status === 'deleted' ? undefined : Prisma.sql`status = ${status}::user_status`,
    email === undefined ? undefined : Prisma.sql`email_lower = ${foldName(email)}`,
    username === undefined ? undefined : Prisma.sql`username_lower = ${foldName(username)}`,
    emailVerified === undefined ? undefined : Prisma.sql`email_verified = ${emailVerified}`,
    createdFrom === undefined ? undefined : Prisma.sql`created_at >= ${createdFrom}`,
    createdTo === undefined ? undefined : Prisma.sql`created_at < ${createdTo}`,
    role === undefined ? undefined : Prisma.sql`roles @> ARRAY[${role}]`,
    ...Object.entries(attributes).map(([name, value]) => equals(name, value)),
  ];
  return conditions.filter((condition) => condition !== undefined);
}

/** Its index is on this expression, with the name as a constant; names are letters, digits, hyphens and a dot. */
function equals(name: string, value: AttributeValue): Prisma.Sql {
  return Prisma.sql`(attributes ->> ${Prisma.raw(`'${name}'`)}) = ${String(value)}`;
}

export function allOf(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.join([...conditions], ' AND ');
}

/** The list as its cursors know it. */
export function pagedList(query: UserListQuery): PagedList<User> {
  const { limit, search, email, username, status, role, sortBy, sortOrder } = query;
  const { emailVerified, createdFrom, createdTo, attributes } = query;
  const named = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const identity = [search, email, username, status, role, emailVerified, createdFrom, createdTo, ...named.flat()];
  return { identity: ['users', ...identity, sortBy, sortOrder], limit, sortKeyOf: (user) => sortKey(query, user) };
}

/** The rows beyond the cursor, as one or two ranges that an index serves each: those with a sort key and those without. */
function ranges(query: UserListQuery, cursor: Cursor | undefined): Prisma.Sql[] {
  if (cursor === undefined) return [Prisma.sql`TRUE`];
  const { direction, anchor } = cursor;
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

function column({ sortBy }: UserListQuery): Prisma.Sql {
  return Prisma.raw(SORT_COLUMNS[sortBy].column);
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
