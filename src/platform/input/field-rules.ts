import { fault, type FieldFault } from '#platform/errors';
import { codePoints, type Rule } from './field.decorator.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

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
    return value.length > max ? fault('max_length', message) : undefined;
  };
}

/** Any string at all: whether it is worth something, a service decides. */
export function anyString(name: string): Rule {
  return (value) => (typeof value === 'string' ? undefined : fault('type', `${name} must be a string`));
}

/** A time with a zone (RFC 3339, section 5.6). */
export function timeWithZone(name: string): Rule {
  return (value) =>
    typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))
      ? undefined
      : fault('format', `${name} must be a time such as 2026-11-24T20:00:00Z`);
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
