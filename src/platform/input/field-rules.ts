import type { FieldFault } from '#platform/errors';
import { codePoints, type Rule } from './field.decorator.js';

/** A text of `min` to `max` code points. */
export function textOf(label: string, min: number, max: number): Rule {
  return (value) => {
    if (typeof value !== 'string') return `${label} must be a string`;
    const length = codePoints(value);
    if (length < min) return `${label} must be at least ${min} character${min === 1 ? '' : 's'}`;
    return length > max ? `${label} must not exceed ${max} characters` : undefined;
  };
}

export function oneOf(name: string, values: readonly string[]): Rule {
  return (value) =>
    typeof value === 'string' && values.includes(value) ? undefined : `${name} must be one of: ${values.join(', ')}`;
}

/** Any text of 1 to `max` characters. */
export function anyText(name: string, max: number): Rule {
  return (value) =>
    typeof value === 'string' && value !== '' && value.length <= max
      ? undefined
      : `${name} must be a string of 1 to ${max} characters`;
}

/** What a client sends for a field that the API does not have. */
export function unknownField(field: string): FieldFault {
  return { field, message: `Unknown field ${field}` };
}

/** A list of at most `max` texts, none twice. */
export function uniqueTexts(name: string, max: number): Rule {
  return (value) => {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      return `${name} must be a list of strings`;
    }
    if (value.length > max) return `${name} must not have more than ${max} entries`;
    return new Set(value).size === value.length ? undefined : `${name} must not contain an entry twice`;
  };
}
