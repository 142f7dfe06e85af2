/** Sequences that are typed without thinking: the alphabet, digits in order, the rows and columns of a keyboard. */
const WELL_KNOWN = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  '!@#$%^&*()',
].flatMap((row) => [row, [...row].toReversed().join('')]);

/** The time of an estimate grows with the square of the length, and this much is enough for any secret. */
const MAX_CHARACTERS = 512;

/**
 * Estimates the bits in a secret from the patterns in it, as LZ77 would compress it: a character costs as much as it takes
 * to tell it from the others that occur, a repetition of what was there before, or of a well-known row, its place and
 * its length. Text that counts, up or down and in any step, repeats in its differences. Random text costs nearly what it
 * holds; words are not recognised.
 */
export function estimatedBits(secret: string): number {
  const characters = [...secret.toLowerCase()].slice(0, MAX_CHARACTERS);
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  const differences = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  const known = WELL_KNOWN.map((row) => [...row].map((character) => character.codePointAt(0) ?? 0));
  const bitsPerCharacter = Math.log2(new Set(secret).size);
  return Math.min(
    compressedBits(codes, known, bitsPerCharacter),
    compressedBits(differences, [], Math.log2(new Set(differences).size)),
  );
}

function compressedBits(values: readonly number[], known: readonly (readonly number[])[], literalBits: number): number {
  let bits = 0;
  for (let at = 0; at < values.length;) {
    const length = Math.max(1, longestRepetition(values, at, known));
    const repetitionBits = Math.log2(at + known.length + 1) + Math.log2(length) + 1;
    bits += Math.min(length * literalBits, length === 1 ? literalBits : repetitionBits);
    at += length;
  }
  return bits;
}

/** How many values from `at` on stand before them as well, or in one of the known rows. */
function longestRepetition(values: readonly number[], at: number, known: readonly (readonly number[])[]): number {
  let longest = 0;
  const compare = (source: readonly number[], start: number) => {
    let length = 0;
    while (at + length < values.length && source[start + length] === values[at + length]) length += 1;
    longest = Math.max(longest, length);
  };
  for (let start = 0; start < at; start += 1) compare(values, start);
  for (const row of known) for (let start = 0; start < row.length; start += 1) compare(row, start);
  return longest;
}
