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
