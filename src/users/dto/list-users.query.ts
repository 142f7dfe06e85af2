import { type Fault, fault } from '#platform/errors';
import { codePoints, Field, oneOf, type Rule } from '#platform/input';
import { PageQuery, toPageRequest } from '#platform/paging';
import { LIST_DEFAULTS, SORT_COLUMNS, type UserListQuery, type UserSortKey } from '../user-list.service.js';
import { USER_STATUSES, type UserStatus } from '../user.js';

const SORT_KEYS = Object.keys(SORT_COLUMNS);
const ORDERS = ['asc', 'desc'];
const MIN_SEARCH_LENGTH = 2;

export class ListUsersQuery extends PageQuery {
  @Field(searchRule, 'optional', {
    type: String,
    minLength: MIN_SEARCH_LENGTH,
    description: 'Anywhere in username, email, first or last name, without regard to case.',
  })
  search?: string;

  @Field(filled('email'), 'optional', { type: String, description: 'Exact, without regard to case.' })
  email?: string;

  @Field(filled('username'), 'optional', { type: String, description: 'Exact, without regard to case.' })
  username?: string;

  @Field(oneOf('status', USER_STATUSES), 'optional', {
    enum: USER_STATUSES,
    description: '`deleted` needs users:delete; without a status, deleted users are left out.',
  })
  status?: UserStatus;

  @Field(filled('role'), 'optional', { type: String, description: 'Who holds this role.' })
  role?: string;

  @Field(oneOf('sortBy', SORT_KEYS), 'optional', { enum: SORT_KEYS, default: LIST_DEFAULTS.sortBy })
  sortBy?: UserSortKey;

  @Field(oneOf('sortOrder', ORDERS), 'optional', { enum: ORDERS, default: LIST_DEFAULTS.sortOrder })
  sortOrder?: 'asc' | 'desc';
}

export function toUserListQuery({ page, limit, cursor, ...query }: ListUsersQuery): UserListQuery {
  const { sortBy = LIST_DEFAULTS.sortBy, sortOrder = LIST_DEFAULTS.sortOrder, ...filters } = query;
  return { page: Number(page ?? 1), ...toPageRequest({ limit, cursor }), sortBy, sortOrder, ...filters };
}

function searchRule(value: unknown): Fault | undefined {
  if (typeof value === 'string' && codePoints(value) >= MIN_SEARCH_LENGTH) return undefined;
  return fault('min_length', `search must be at least ${MIN_SEARCH_LENGTH} characters`);
}

function filled(name: string): Rule {
  return (value) =>
    typeof value === 'string' && value !== '' ? undefined : fault('min_length', `${name} must not be empty`);
}
