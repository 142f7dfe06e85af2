import { ApiProperty } from '#platform/openapi';
import { type Fault, fault } from '#platform/errors';
import { Field, type Rule, trimmed } from '#platform/input';
import { FOREIGN_CURSOR } from './cursor-codec.js';

export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;
const MAX_PAGE = 2 ** 31 - 1;
const MAX_CURSOR_LENGTH = 4_096;

const BY_PAGE = {
  required: false,
  type: 'integer',
  format: 'int32',
  description: 'Left out on pages taken by cursor.',
} as const;

/** Describes where a page lies in its list. */
export class Pagination {
  @ApiProperty({ ...BY_PAGE, minimum: 1 })
  currentPage?: number;

  @ApiProperty({ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, example: DEFAULT_LIMIT })
  perPage!: number;

  @ApiProperty({ ...BY_PAGE, minimum: 0 })
  totalPages?: number;

  @ApiProperty({ ...BY_PAGE, minimum: 0 })
  totalItems?: number;

  @ApiProperty({
    required: false,
    type: Boolean,
    enum: [true],
    description: 'There are at least `totalItems`. `totalPages` follows from it; `hasNext` is exact.',
  })
  totalIsEstimate?: true;

  @ApiProperty({ example: false })
  hasNext!: boolean;

  @ApiProperty({ example: false })
  hasPrevious!: boolean;

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  previousCursor!: string | null;
}

/** A whole number in a query string: digits only. */
export function wholeNumber(name: string, min: number, max: number): Rule {
  const message = `${name} must be a whole number from ${min} to ${max}`;
  return (value) => {
    if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return fault('type', message);
    if (Number(value) < min) return fault('minimum', message);
    if (Number(value) > max) return fault('maximum', message);
    return /^\d{1,10}$/.test(value) ? undefined : fault('format', message);
  };
}

/** The largest number of entries in a page. */
export const LimitField = () =>
  Field(wholeNumber('limit', 1, MAX_LIMIT), 'optional', {
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
  });

/** A cursor from another page of the same list. */
export const CursorField = () =>
  Field(
    cursorRule,
    'optional',
    {
      type: String,
      maxLength: MAX_CURSOR_LENGTH,
      description: 'The `nextCursor` or `previousCursor` of a page of the same query.',
    },
    { read: trimmed },
  );

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/** `limit` and `cursor`. */
export class CursorQuery {
  @LimitField()
  limit?: string;

  @CursorField()
  cursor?: string;
}

/** The page that a query asks for. */
export function toPageRequest({ limit, cursor }: CursorQuery): PageRequest {
  return { limit: Number(limit ?? DEFAULT_LIMIT), cursor };
}

/** `page` and `limit`, or `cursor` and `limit`. */
export class PageQuery extends CursorQuery {
  @Field(wholeNumber('page', 1, MAX_PAGE), 'optional', {
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: MAX_PAGE,
    default: 1,
    description: 'Not together with a cursor.',
  })
  page?: string;
}

function cursorRule(value: unknown, dto: object): Fault | undefined {
  if (typeof value !== 'string' || value === '' || value.length > MAX_CURSOR_LENGTH) {
    return fault('malformed', FOREIGN_CURSOR);
  }
  return 'page' in dto && dto.page !== undefined ? fault('not_allowed', 'cursor does not go with page') : undefined;
}
