import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isCommonPassword } from '../../src/passwords/policy/common-passwords.js';
import { lookalikeDigest } from '../../src/passwords/policy/lookalike-digest.js';
import { passwordFault } from '../../src/passwords/index.js';
import { commonPasswords, keepsTheRule, variantOf } from '../support/common-passwords.js';
import { Random } from '../support/random.js';

const MILLION = commonPasswords();
const MOST_COMMON = MILLION.slice(0, 100_000);
const COMMON = 'Password is too common';

describe('The blocklist', () => {
  it('contains the 100,000 most common passwords', () => {
    expect(MOST_COMMON.filter((password) => !isCommonPassword(password))).toEqual([]);
  });

  it('contains every common password that would meet the composition rule or the length policy', () => {
    const past = MILLION.filter((password) => keepsTheRule(password) || password.length >= 15);
    expect(past.length).toBeGreaterThan(10_000);
    expect(past.filter((password) => !isCommonPassword(password))).toEqual([]);
  });

  it('refuses every common password that meets the composition rule', () => {
    const kept = MILLION.filter(keepsTheRule);
    expect(kept.length).toBeGreaterThan(500);
    expect(kept.map((password) => passwordFault(password, {})?.message).filter((fault) => fault !== COMMON)).toEqual(
      [],
    );
  });

  it('is exactly what its script generates from the source list', () => {
    const chosen = MILLION.filter(
      (password, index) => index < 100_000 || keepsTheRule(password) || [...password].length >= 15,
    );
    const digests = [...new Set(chosen.map((password) => lookalikeDigest(password).toString('hex')))].toSorted();
    const file = readFileSync('src/passwords/policy/common-passwords.bin');
    // Not toEqual: its report of a difference would be megabytes long.
    expect(file.toString('hex') === digests.join('')).toBe(true);
  });

  it('refuses 500 seeded variants of common passwords that meet the composition rule', () => {
    const random = new Random(8);
    const kept = MILLION.filter(keepsTheRule);
    const variants = new Set<string>();
    while (variants.size < 500) {
      const variant = variantOf(kept[random.below(kept.length)] ?? '', random);
      if (keepsTheRule(variant)) variants.add(variant);
    }
    expect([...variants].filter((variant) => passwordFault(variant, {})?.message !== COMMON)).toEqual([]);
  });

  it('refuses 500 seeded variants of lower-case common passwords, changed to meet the rule', () => {
    const random = new Random(6);
    const letters = MOST_COMMON.filter((password) => /^[a-z]{5,}[a-z0-9]*$/.test(password));
    const pick = (from: ArrayLike<string>) => from[random.below(from.length)] ?? '';
    const swaps: Record<string, string> = { a: '@4', e: '3', i: '1!', l: '1', o: '0', s: '$5', t: '7' };
    const variants: string[] = [];
    while (variants.length < 500) {
      const cased = [...pick(letters)].map((letter) => (random.next() < 0.3 ? letter.toUpperCase() : letter));
      const swapped = cased.map((letter) => (random.next() < 0.2 ? pick(swaps[letter] ?? letter) : letter));
      const added = () => pick('0123456789@$!%*?&');
      const before = random.next() < 0.3 ? added() : '';
      const after = Array.from({ length: random.below(5) }, added).join('');
      const variant = `${before}${swapped.join('')}${after}`;
      if (keepsTheRule(variant)) variants.push(variant);
    }
    expect(variants.filter((variant) => passwordFault(variant, {})?.message !== COMMON)).toEqual([]);
  });

  it.each(['Password1!', 'P@$$w0rd2024', '!Dragon2024', 'QWERTY123!', '2024Summer!', 'Iloveyou!1'])(
    'refuses %s',
    (password) => {
      expect(isCommonPassword(password)).toBe(true);
    },
  );

  it.each(['Correct-horse-7-battery!', 'Dragon-of-the-7-hills!', 'Password-is-nothing-like-this-1', 'Xq7!vz-Kp2'])(
    'accepts %s',
    (password) => {
      expect(isCommonPassword(password)).toBe(false);
    },
  );

  it('refuses fewer than one in a thousand random passwords of eight characters', () => {
    const random = new Random(7);
    const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@$!%*?&';
    const password = () => Array.from({ length: 8 }, () => alphabet[random.below(alphabet.length)] ?? '').join('');
    const passwords = Array.from({ length: 20_000 }, password);
    expect(passwords.filter(isCommonPassword).length).toBeLessThan(20);
  });

  it('looks up a password in less than a millisecond, far less than a hash takes', () => {
    const begun = performance.now();
    for (let index = 0; index < 1_000; index += 1) isCommonPassword(`!!Unheard-of-${index}!!`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
