import { describe, expect, it } from '@jest/globals';
import { passwordFault } from '../../src/passwords/index.js';

const CLASSES = 'Password must contain uppercase, lowercase, number, and special character';
const COMMON = 'Password is too common';
const NAMES = 'Password must not contain the username or the email';

describe('The password policy', () => {
  it.each([
    'Uvxwqz1!',
    `Ab1!${'x'.repeat(124)}`,
    `Ab1!${'🙂'.repeat(124)}`,
    'Ab1! with spaces',
    'Ab1!äöüß',
    'Ab1@$!%*?&',
  ])('allows %s', (password) => {
    expect(passwordFault(password, {})).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [undefined, 'Password must be a string'],
    [null, 'Password must be a string'],
    [12345678, 'Password must be a string'],
    [['Abcdef1!'], 'Password must be a string'],
    ['', 'Password must be at least 8 characters'],
    ['Abcde1!', 'Password must be at least 8 characters'],
    ['Ab1!🙂🙂🙂', 'Password must be at least 8 characters'],
    [`Ab1!${'x'.repeat(125)}`, 'Password must not exceed 128 characters'],
    [`Ab1!${'🙂'.repeat(125)}`, 'Password must not exceed 128 characters'],
    ['abcdefg1!', CLASSES],
    ['ABCDEFG1!', CLASSES],
    ['Abcdefgh!', CLASSES],
    ['Abcdefg12', CLASSES],
    ['Abcdefg1#', CLASSES],
    ['Abcdefg٣!', CLASSES],
    ['ÄBCDEFG1!', CLASSES],
  ])('refuses %p: %s', (password, fault) => {
    expect(passwordFault(password, {})?.message).toBe(fault);
  });

  it.each([
    ['the username', 'XxAdalove-1!', { username: 'adalove' }],
    ['the username in capitals', 'xxADALOVE-1!', { username: 'AdaLove' }],
    ["the email's local part", 'Xx-countess-1!', { email: 'Countess@example.com' }],
    ['a local part with an @ in quotes', 'Xx"a@b"xx1!', { email: '"a@b"@example.com' }],
    ['a name of four characters', 'Xx-adax-12!', { username: 'adax' }],
  ])('refuses a password that contains %s', (_, password, context) => {
    expect(passwordFault(password, context)?.message).toBe(NAMES);
  });

  it.each([
    ['a name of three characters', 'Xx-ada-1234!', { username: 'ada', email: 'ada@example.com' }],
    ["the email's domain", 'Example.com-1!', { email: 'ada@example.com' }],
    ['any password when the names are not strings', 'Correct-horse-7!', { username: 7777, email: null }],
  ])('allows %s', (_, password, context) => {
    expect(passwordFault(password, context)).toBeUndefined();
  });
});

describe('The length policy', () => {
  it.each(['correct horse battery', 'x7k2m9q4w8z3v5n', '日本語のパスワードは長いほど強い', 'kwpv'.repeat(32)])(
    'allows %s',
    (password) => {
      expect(passwordFault(password, {}, 'length')).toBeUndefined();
    },
  );

  it.each<[string, string]>([
    ['Correct-horse7', 'Password must be at least 15 characters'],
    ['Ab1!🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂', 'Password must be at least 15 characters'],
    ['kwpv'.repeat(32) + 'x', 'Password must not exceed 128 characters'],
    ['my name is adalove', NAMES],
    ['1qaz2wsx3edc4rfv', COMMON],
    ['qwertyuiopasdfghjkl', COMMON],
    ['123456789012345', COMMON],
  ])('refuses %p: %s', (password, fault) => {
    expect(passwordFault(password, { username: 'adalove' }, 'length')?.message).toBe(fault);
  });
});
