import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { VARIABLES } from '../../src/config/environment.js';

const LINES = readFileSync('.env.example', 'utf8').split('\n');
/** The variables in the file: each is set to its default, or commented out if it has no default. */
const DOCUMENTED = LINES.map((line) => /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)).filter((match) => match !== null);

/** Every variable, with its default as text. */
const EXPECTED = Object.fromEntries(
  Object.entries<readonly [unknown, string?]>(VARIABLES).map(([name, [, fallback]]) => [name, fallback]),
);

describe('.env.example', () => {
  it('lists every variable once, with its default', () => {
    const documented = DOCUMENTED.map(([, commented, name = '', value]) => [name, commented ? undefined : value]);
    expect(documented).toHaveLength(Object.keys(EXPECTED).length);
    expect(Object.fromEntries(documented)).toStrictEqual(EXPECTED);
  });

  it('shows no value for a variable without a default', () => {
    for (const [line, commented, , value] of DOCUMENTED) {
      expect({ line, value: commented ? value : '' }).toEqual({ line, value: '' });
    }
  });

  it.each(DOCUMENTED.map(([line, , , value]) => [line, value]))(
    'explains %s in one line that ends with its default',
    (line = '', value = '') => {
      const [, text = '', fallback = ''] = /^# (.+); default (.+)\.$/.exec(LINES[LINES.indexOf(line) - 1] ?? '') ?? [];
      expect(text).not.toBe('');
      expect(fallback.startsWith(value)).toBe(true);
    },
  );
});
