import { type Fault, fault } from '#platform/errors';
import { isDay } from '#platform/input';

export type AttributeValue = string | number | boolean;
export type AttributeKind = 'string' | 'integer' | 'boolean' | 'date' | 'enumeration';

/** `self`, or the name of a permission. */
type Rights = string | readonly string[];

interface AttributeOptions {
  /** No two users that are not deleted have the same value. */
  readonly unique?: boolean;
  /** Whether lists can be filtered by it. */
  readonly searchable?: boolean;
  /** Who sees it: `self` and `users:read` by default. */
  readonly readableBy?: Rights;
  /** Who sets it: `users:update` by default. */
  readonly writableBy?: Rights;
  /** The name of a claim that carries it in access tokens. */
  readonly claim?: string;
  readonly description?: string;
}

/** An attribute of users, as one of the functions of `attribute` makes it. */
export interface AttributeDefinition {
  readonly kind: AttributeKind;
  readonly unique: boolean;
  readonly searchable: boolean;
  readonly readableBy: readonly string[];
  readonly writableBy: readonly string[];
  readonly claim: string | undefined;
  /** What is wrong with a value that a client sends. */
  check(value: unknown): Fault | undefined;
  /** The value that a filter's text means; `undefined` for none. */
  parse(text: string): AttributeValue | undefined;
  /** For the API description. */
  readonly schema: Readonly<Record<string, unknown>>;
}

const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/;
const MAX_LENGTH = 1_000;
/** An entry of an index has at most 2,704 bytes (PostgreSQL), and a code point up to four. */
const MAX_INDEXED_LENGTH = 500;

/** Declares attributes of users, one line each. */
export const attribute = {
  /** @param options.max code points, up to 1,000; up to 500 where it is unique or searchable */
  string: (options: AttributeOptions & { readonly min?: number; readonly max: number; readonly pattern?: RegExp }) => {
    const { min = 1, max, pattern } = options;
    const longest = options.unique === true || options.searchable === true ? MAX_INDEXED_LENGTH : MAX_LENGTH;
    if (!(min >= 0 && min <= max && max <= longest)) {
      throw new TypeError(`A string attribute takes 0 ≤ min ≤ max ≤ ${longest}, and has ${min} and ${max}`);
    }
    return define(
      'string',
      options,
      { type: 'string', minLength: min, maxLength: max, ...patternOf(pattern) },
      (value) => {
        if (typeof value !== 'string') return fault('type', 'must be a string');
        const length = [...value].length;
        if (length < min) return fault('min_length', `must be at least ${min} character${min === 1 ? '' : 's'}`);
        if (length > max) return fault('max_length', `must not exceed ${max} characters`);
        return pattern?.test(value) === false ? fault('format', `must match ${pattern.source}`) : undefined;
      },
    );
  },

  integer: (options: AttributeOptions & { readonly min?: number; readonly max?: number } = {}) => {
    const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
    return define('integer', options, { type: 'integer', minimum: min, maximum: max }, (value) => {
      if (!Number.isInteger(value)) return fault('type', 'must be a whole number');
      if (Number(value) < min) return fault('minimum', `must be ${min} or more`);
      return Number(value) > max ? fault('maximum', `must be ${max} or less`) : undefined;
    });
  },

  boolean: (options: AttributeOptions = {}) =>
    define('boolean', options, { type: 'boolean' }, (value) =>
      typeof value === 'boolean' ? undefined : fault('type', 'must be true or false'),
    ),

  /** A day, `YYYY-MM-DD`. */
  date: (options: AttributeOptions = {}) =>
    define('date', options, { type: 'string', format: 'date' }, (value) => {
      if (typeof value !== 'string') return fault('type', 'must be a date, YYYY-MM-DD');
      return isDay(value) ? undefined : fault('format', 'must be a real date, YYYY-MM-DD');
    }),

  enumeration: (options: AttributeOptions & { readonly values: readonly [string, ...string[]] }) =>
    define('enumeration', options, { type: 'string', enum: [...options.values] }, (value) =>
      typeof value === 'string' && options.values.includes(value)
        ? undefined
        : fault('not_allowed', `must be one of: ${options.values.join(', ')}`),
    ),
};

const DEFINED = new WeakSet<object>();

/** Whether one of the functions of `attribute` made it. */
export function isAttribute(value: unknown): value is AttributeDefinition {
  return typeof value === 'object' && value !== null && DEFINED.has(value);
}

function define(
  kind: AttributeKind,
  options: AttributeOptions,
  schema: Readonly<Record<string, unknown>>,
  check: (value: unknown) => Fault | undefined,
): AttributeDefinition {
  const { description } = options;
  const parse = (text: string): AttributeValue | undefined => {
    const value = valueOf(kind, text);
    return value === undefined || check(value) !== undefined ? undefined : value;
  };
  const defined: AttributeDefinition = {
    kind,
    unique: options.unique ?? false,
    searchable: options.searchable ?? false,
    readableBy: [options.readableBy ?? ['self', 'users:read']].flat(),
    writableBy: [options.writableBy ?? 'users:update'].flat(),
    claim: options.claim,
    check,
    parse,
    schema: { ...schema, ...(description === undefined ? {} : { description }) },
  };
  DEFINED.add(defined);
  return defined;
}

function valueOf(kind: AttributeKind, text: string): AttributeValue | undefined {
  if (kind === 'integer') return INTEGER.test(text) ? Number(text) : undefined;
  if (kind === 'boolean') return text === 'true' || (text === 'false' ? false : undefined);
  return text;
}

function patternOf(pattern: RegExp | undefined) {
  return pattern === undefined ? {} : { pattern: pattern.source };
}
