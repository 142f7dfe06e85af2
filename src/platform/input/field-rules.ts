import { fault, type FieldFault } from '#platform/errors';
import { codePoints, type Rule } from './field.decorator.js';

/** RFC 3339, section 5.6: the letters may be small, and a minute may have a leap second. */
const TIME = /^(\d{4}-\d\d-\d\d)t(\d\d:\d\d):([0-5]\d|60)(\.\d{1,9})?(z|[+-]\d\d:\d\d)$/i;

const DAY = /^\d{4}-\d\d-\d\d$/;

/** How the API description shows a time with a zone; the longest has nine decimals. */
export const TIME_SCHEMA = { format: 'date-time', maxLength: 35 } as const;

/** A text of `min` to `max` code points. */
export function textOf(label: string, min: number, max: number): Rule {
  return (value) => {
    if (typeof value !== 'string') return fault('type', `${label} must be a string`);
    const length = codePoints(value);
    if (length < min) return fault('min_length', `${label} must be at least ${min} character${min === 1 ? '' : 's'}`);
    return length > max ? fault('max_length', `${label} must not exceed ${max} characters`) : undefined;
  };
}

export function oneOf(name: string, values: readonly string[]): Rule {
  return (value) => {
    if (typeof value === 'string' && values.includes(value)) return undefined;
    return fault(typeof value === 'string' ? 'not_allowed' : 'type', `${name} must be one of: ${values.join(', ')}`);
  };
}

/** Any text of 1 to `max` characters. */
export function anyText(name: string, max: number): Rule {
  const message = `${name} must be a string of 1 to ${max} characters`;
  return (value) => {
    if (typeof value !== 'string') return fault('type', message);
    if (value === '') return fault('min_length', message);
    return codePoints(value) > max ? fault('max_length', message) : undefined;
  };
}

/** Any string at all: whether it is worth something, a service decides. */
export function anyString(name: string): Rule {
  return (value) => (typeof value === 'string' ? undefined : fault('type', `${name} must be a string`));
}

/** A time with a zone (RFC 3339, section 5.6). */
export function timeWithZone(name: string): Rule {
  return (value) =>
    typeof value === 'string' && toTime(value) !== undefined
      ? undefined
      : fault('format', `${name} must be a time such as 2026-11-24T20:00:00Z`);
}

/** Reads a time with a zone. @returns `undefined` for a text that is none, and for a time outside the years 1 to 9999 (UTC) */
export function toTime(text: string): Date | undefined {
  const [, day = '', minute = '', second = '', fraction = '', zone = ''] = TIME.exec(text) ?? [];
  // JavaScript reads 24:00 as the next day.
  if (!isDay(day) || minute > '23:59') return undefined;
  // JavaScript has no leap seconds.
  const time = new Date(`${day}T${minute}:${second === '60' ? '59' : second}${fraction}${zone.toUpperCase()}`);
  const year = time.getUTCFullYear();
  // Its zone may put a day of the first or the last year outside.
  return year >= 1 && year <= 9999 ? time : undefined;
}

/** Whether the text is a day of the calendar, `YYYY-MM-DD`. PostgreSQL has no year 0, and JavaScript reads 31 February as a day in March. */
export function isDay(text: string): boolean {
  if (!DAY.test(text) || text.startsWith('0000')) return false;
  const day = new Date(text);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** What a client sends for a field that the API does not have. */
export function unknownField(field: string): FieldFault {
  return { field, ...fault('unknown_field', `Unknown field ${field}`) };
}

/** A list of at most `max` texts, none twice. */
export function uniqueTexts(name: string, max: number): Rule {
  return (value) => {
    // The length first: a long list is not looked at.
    if (Array.isArray(value) && value.length > max) {
      return fault('too_many', `${name} must not have more than ${max} entries`);
    }
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      return fault('type', `${name} must be a list of strings`);
    }
    const twice = new Set(value).size < value.length;
    return twice ? fault('not_allowed', `${name} must not contain an entry twice`) : undefined;
  };
}
