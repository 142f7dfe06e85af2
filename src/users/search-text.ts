import type { UserChanges } from './user.js';

/** What a search looks in. */
export type SearchedFields = Pick<UserChanges, 'firstName' | 'lastName'> & {
  readonly username: string;
  readonly email: string;
};

/** Letters with a stroke, and the dotless i, which Unicode does not decompose. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = { đ: 'd', ø: 'o', ł: 'l', ı: 'i' };
const ASCII = /^[\0-\x7f]*$/;

/** A word is found within one field: blanks end words, and a line break ends each field. */
export function searchTextOf({ username, email, firstName, lastName }: SearchedFields): string {
  return foldForSearch([username, email, firstName ?? '', lastName ?? ''].join('\n'));
}

/** The words of a search, folded, each once; a word that another one contains says nothing more. */
export function searchWords(search: string): string[] {
  const words = foldForSearch(search)
    .split(/\s+/)
    .filter((word) => word !== '');
  return [...new Set(words)].filter((word, _, all) => !all.some((other) => other !== word && other.includes(word)));
}

/**
 * One form for texts that differ by case or accents alone: Unicode's full case folding, then compatibility decomposition
 * (NFKD, Unicode Standard Annex 15) without combining marks, folded again.
 */
export function foldForSearch(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return foldCase(foldCase(text).normalize('NFKD').replaceAll(/\p{M}/gu, '')).replaceAll(
    /[đøłı]/g,
    (letter) => PLAIN_LETTERS[letter] ?? letter,
  );
}

/**
 * Through the capital, as only that turns ß into ss; in lower case before it, as ẞ is a capital already. Code point by code
 * point: in a whole word, the last Σ becomes ς.
 */
function foldCase(text: string): string {
  const capitals = Array.from(text, (letter) => letter.toLowerCase().toUpperCase()).join('');
  return Array.from(capitals, (letter) => letter.toLowerCase()).join('');
}
