import { describe, expect, it } from '@jest/globals';
import { IsInt, Min } from 'class-validator';
import {
  attribute,
  defineExtension,
  type ExtensionDefinition,
  ExtensionsModule,
} from '../../src/platform/extensions/index.js';

class Rule {
  check() {}
}
class NoRule {
  test() {}
}
class Config {
  @IsInt()
  @Min(1)
  retryLimit!: number;
}

function faults(definitions: readonly unknown[], variables: Record<string, string> = {}): string[] {
  try {
    ExtensionsModule.forRoot(
      definitions.map((one) => defineExtension(one as ExtensionDefinition)),
      variables,
    );
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

describe('A faulty extension', () => {
  it.each([
    [{ api: '^2.0.0' }, 'is made for version ^2.0.0 of the extension API, and this is 1.0.0: upgrade the extension.'],
    [{ api: 'new' }, 'api must be a range of versions such as ^1.0.0, and is new.'],
    [{ requires: ['teams'] }, 'requires the extension teams, which is not there: add it, or remove this one.'],
    [{ permission: {} }, 'defineExtension knows no permission.'],
    [{ permissions: { read: 'Read' } }, 'the permission read is not named resource:action.'],
    [{ auditActions: ['Billed'] }, 'the audit action Billed is not named noun.past_verb.'],
    [{ health: { 'a b': Rule } }, 'a b must be letters and digits, and begin with a small letter.'],
    [{ claims: { plan: 'gold' } }, 'the claim plan is not a function.'],
    [{ loginRules: [NoRule] }, 'loginRules must be a class with a method check, and is NoRule.'],
    [{ personalData: Rule }, 'personalData must be a class with a method export and a method erase, and is Rule.'],
    [{ passwordRule: 'strict' }, 'passwordRule must be a class with a method check, and is string.'],
    [
      { jobs: { nightly: { every: '5', run: Rule } } },
      'the job nightly must run every 1s or more, such as 15m or 24h, and not 5.',
    ],
    [{ jobs: { nightly: { every: '5m', run: Rule } } }, 'jobs must be a class with a method run, and is Rule.'],
    [{ config: Config }, 'BILLING_RETRY_LIMIT must be an integer number.'],
  ])('%j stops the start', (part, fault) => {
    expect(faults([{ name: 'billing', api: '*', ...part }])).toContain(`Extension billing: ${fault}`);
  });

  it('gets one line for each fault, of all extensions at once', () => {
    const lines = faults([
      { name: 'billing', api: '^9', passwordRule: Rule, permissions: { 'bills:read': 'Read' } },
      { name: 'teams', api: '*', passwordRule: Rule, permissions: { 'bills:read': 'Read' }, requires: ['x'] },
    ]);
    expect(lines).toEqual([
      'Extension billing: is made for version ^9 of the extension API, and this is 1.0.0: upgrade the extension.',
      'Extension teams: requires the extension x, which is not there: add it, or remove this one.',
      'Extension teams: the permission bills:read is taken by the extension billing.',
      'Extension teams: a passwordRule is taken by the extension billing.',
    ]);
  });

  it('is refused where its tables could not be told from those of another', () => {
    const lines = faults([
      { name: 'team', api: '*' },
      { name: 'team-billing', api: '*' },
    ]);
    expect(lines).toEqual([
      'Extension team-billing: its name begins like that of the extension team: rename one of them.',
    ]);
  });

  it('has attributes that an index can hold', () => {
    expect(() => attribute.string({ max: 501, unique: true })).toThrow('0 ≤ min ≤ max ≤ 500');
    expect(() => attribute.string({ max: 1_001 })).toThrow('0 ≤ min ≤ max ≤ 1000');
    const name = 'n'.repeat(40);
    const long = { name: 'a'.repeat(30), api: '*', attributes: { [name]: attribute.string({ max: 5, unique: true }) } };
    expect(faults([long])[0]).toContain('has too long a name for its index');
    const odd = { name: 'billing', api: '*', attributes: { plan: { kind: 'string' } } };
    expect(faults([odd])).toEqual([
      'Extension billing: the attribute plan must be made by attribute.string or another of its functions.',
    ]);
  });

  it('reads settings from the environment, converted to their type', () => {
    expect(faults([{ name: 'billing', api: '*', config: Config }], { BILLING_RETRY_LIMIT: '3' })).toEqual([]);
    expect(faults([{ name: 'billing', api: '*', config: Config }], { BILLING_RETRY_LIMIT: 'three' })).toEqual([
      'Extension billing: BILLING_RETRY_LIMIT must be an integer number.',
    ]);
  });
});
