import { type Fault, fault } from '#platform/errors';
import {
  anyString,
  codePoints,
  ExtensionAttributes,
  Field,
  Filter,
  oneOf,
  TIME_SCHEMA,
  timeWithZone,
  toNfc,
  toTime,
  trimmed,
} from '#platform/input';
import type { Attributes } from '#platform/extensions';
import { PageQuery, toPageRequest } from '#platform/paging';
import { SORT_COLUMNS, type UserListQuery, type UserSortKey } from '../user-list.sql.js';
import { USER_STATUSES, type UserStatus } from '../user.js';

const LIST_DEFAULTS = { sortBy: 'createdAt', sortOrder: 'desc' } as const;
const SORT_KEYS = Object.keys(SORT_COLUMNS);
const BOOLEANS = ['true', 'false'];
const ORDERS = ['asc', 'desc'];
const MIN_SEARCH_LENGTH = 2;
/** Node.js refuses a head of more than 16 KiB, and so a longer text. */
const MAX_TEXT_LENGTH = 16_384;

export class ListUsersQuery extends PageQuery {
  @Filter(
    searchRule,
    {
      type: String,
      minLength: MIN_SEARCH_LENGTH,
      maxLength: MAX_TEXT_LENGTH,
      description:
        'Words separated by blanks. Each must occur in the username, email, first or last name, in any order; case and accents are ignored.',
    },
    (term) => toNfc(term).trim(),
  )
  search?: string;

  @Filter(
    anyString('email'),
    { type: String, maxLength: MAX_TEXT_LENGTH, description: 'Exact, without regard to case.' },
    trimmed,
  )
  email?: string;

  @Filter(
    anyString('username'),
    { type: String, maxLength: MAX_TEXT_LENGTH, description: 'Exact, without regard to case.' },
    trimmed,
  )
  username?: string;

  @Filter(oneOf('status', USER_STATUSES), {
    enum: USER_STATUSES,
    description: '`deleted` needs users:delete; without a status, deleted users are left out.',
  })
  status?: UserStatus;

  @Filter(anyString('role'), {
    type: String,
    maxLength: MAX_TEXT_LENGTH,
    description: 'The name of a role that the user holds.',
  })
  role?: string;

  @Filter(oneOf('emailVerified', BOOLEANS), { type: Boolean, description: 'Whether the email is verified.' })
  emailVerified?: string;

  @Filter(timeWithZone('createdFrom'), { ...TIME_SCHEMA, description: 'Created then or later.' })
  createdFrom?: string;

  @Filter(timeWithZone('createdTo'), { ...TIME_SCHEMA, description: 'Created before then.' })
  createdTo?: string;

  /** Sent as `attributes.<extension>.<name>`. */
  @ExtensionAttributes()
  attributes?: object;

  @Field(oneOf('sortBy', SORT_KEYS), 'optional', { enum: SORT_KEYS, default: LIST_DEFAULTS.sortBy })
  sortBy?: UserSortKey;

  @Field(oneOf('sortOrder', ORDERS), 'optional', { enum: ORDERS, default: LIST_DEFAULTS.sortOrder })
  sortOrder?: 'asc' | 'desc';
}

/** @param attributes what was accepted of those sent */
export function toUserListQuery(
  { page, limit, cursor, ...query }: Omit<ListUsersQuery, 'attributes'>,
  attributes: Attributes,
): UserListQuery {
  const { sortBy = LIST_DEFAULTS.sortBy, sortOrder = LIST_DEFAULTS.sortOrder } = query;
  const { emailVerified, createdFrom, createdTo, ...filters } = query;
  return {
    ...filters,
    attributes,
    page: Number(page ?? 1),
    ...toPageRequest({ limit, cursor }),
    sortBy,
    sortOrder,
    emailVerified: emailVerified === undefined ? undefined : emailVerified === 'true',
    createdFrom: createdFrom === undefined ? undefined : toTime(createdFrom),
    createdTo: createdTo === undefined ? undefined : toTime(createdTo),
  };
}

function searchRule(value: unknown): Fault | undefined {
  if (typeof value === 'string' && codePoints(value) >= MIN_SEARCH_LENGTH) return undefined;
  return fault('min_length', `search must be at least ${MIN_SEARCH_LENGTH} characters`);
}
