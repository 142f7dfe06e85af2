import type { UserChanges } from './user.js';

/** What a search looks in. */
export type SearchedFields = Pick<UserChanges, 'firstName' | 'lastName'> & {
  readonly username: string;
  readonly email: string;
};

/** Letters with a stroke, and the dotless i, which Unicode does not decompose. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = { đ: 'd', ø: 'o', ł: 'l', ı: 'i' };
/** Four fields have 505 characters. Comparing thousands of words, or decomposing long runs of marks, takes too long. */
const MAX_SEARCH_LENGTH = 2_048;
const MAX_WORDS = 100;
const ASCII = /^[\0-\x7f]*$/;

/** Each field is on its own line, so that no word matches across two. */
export function searchTextOf({ username, email, firstName, lastName }: SearchedFields): string {
  return foldForSearch([username, email, firstName ?? '', lastName ?? ''].join('\n'));
}

/**
 * The distinct words of a search, folded, without those contained in another.
 *
 * @returns none for more than any user's names hold
 */
export function searchWords(search: string): string[] {
  if (search.length > MAX_SEARCH_LENGTH) return [];
  const words = foldForSearch(search)
    .split(/\s+/)
    .filter((word) => word !== '');
  const distinct = [...new Set(words)];
  if (distinct.length > MAX_WORDS) return [];
  return distinct.filter((word) => !distinct.some((other) => other !== word && other.includes(word)));
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
 * Upper-casing turns ß into ss; lower-casing first turns ẞ into ß. Each code point alone: in a whole word, the last Σ would
 * become ς.
 */
function foldCase(text: string): string {
  const capitals = Array.from(text, (letter) => letter.toLowerCase().toUpperCase()).join('');
  return Array.from(capitals, (letter) => letter.toLowerCase()).join('');
}
