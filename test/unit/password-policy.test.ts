import { describe, expect, it } from '@jest/globals';
import { passwordFault } from '../../src/platform/passwords/index.js';

const CLASSES = 'Password must contain uppercase, lowercase, number, and special character';
const NAMES = 'Password must not contain the username or the email';

describe('The password policy', () => {
  it.each([
    'Abcdef1!',
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
    expect(passwordFault(password, {})).toBe(fault);
  });

  it.each([
    ['the username', 'XxAdalove-1!', { username: 'adalove' }],
    ['the username in capitals', 'xxADALOVE-1!', { username: 'AdaLove' }],
    ["the email's local part", 'Xx-countess-1!', { email: 'Countess@example.com' }],
    ['a local part with an @ in quotes', 'Xx"a@b"xx1!', { email: '"a@b"@example.com' }],
    ['a name of four characters', 'Xx-adax-12!', { username: 'adax' }],
  ])('refuses a password that contains %s', (_, password, context) => {
    expect(passwordFault(password, context)).toBe(NAMES);
  });

  it.each([
    ['a shorter name', 'Xx-ada-1234!', { username: 'ada', email: 'ada@example.com' }],
    ["the email's domain", 'Example.com-1!', { email: 'ada@example.com' }],
    ['names that are no text', 'Correct-horse-7!', { username: 7777, email: null }],
  ])('lets %s be', (_, password, context) => {
    expect(passwordFault(password, context)).toBeUndefined();
  });
});
