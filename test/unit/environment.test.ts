import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { Environment } from '../../src/config/environment.js';

const LINES = readFileSync('.env.example', 'utf8').split('\n');
/** The variables in the file: each is set to its default, or commented out if it has no default. */
const DOCUMENTED = LINES.map((line) => /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)).filter((match) => match !== null);

/** Every variable, with its default as text. */
function variables(): Record<string, string | undefined> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(Environment, '', false, false);
  const defaults = new Map(Object.entries(new Environment()));
  const names = new Set(rules.map(({ propertyName }) => propertyName));
  return Object.fromEntries(
    [...names].map((name) => [name, defaults.get(name) === undefined ? undefined : String(defaults.get(name))]),
  );
}

describe('.env.example', () => {
  it('lists every variable once, with its default', () => {
    const documented = DOCUMENTED.map(([, commented, name = '', value]) => [name, commented ? undefined : value]);
    expect(documented).toHaveLength(Object.keys(variables()).length);
    expect(Object.fromEntries(documented)).toStrictEqual(variables());
  });

  it('gives no value to a variable without a default', () => {
    for (const [line, commented, , value] of DOCUMENTED) {
      expect({ line, value: commented ? value : '' }).toEqual({ line, value: '' });
    }
  });

  it.each(DOCUMENTED.map(([line]) => line))('explains %s in one line that ends with its default', (line) => {
    const comment = LINES[LINES.indexOf(line) - 1];
    expect(comment).toMatch(/^# .+; default .+\.$/);
  });
});

describe("The README's configuration table", () => {
  it('has a row for every variable, with its default', () => {
    const rows = [...readFileSync('README.md', 'utf8').matchAll(/^\| `([A-Z][A-Z0-9_]*)` +\|([^|]*)\|/gm)];
    const defaults = rows.map(([, name = '', cell = '']) => [name, /^ *`([^`]*)` *$/.exec(cell)?.[1]]);
    // The default of this variable is the value of another one.
    expect(Object.fromEntries(defaults)).toEqual({ ...variables(), MIGRATION_DATABASE_URL: 'DATABASE_URL' });
  });
});
