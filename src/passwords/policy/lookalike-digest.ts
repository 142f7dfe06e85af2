import { createHash } from 'node:crypto';

/** 40 bits: of 100,000 digests, one good password in ten million is taken for a common one at each look. */
export const DIGEST_BYTES = 5;

/** What is written for a letter, or like it, and the letter that stands for all of them. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  ['a@4', 'b8', 'e3', 'g69', 'il1!|', 'o0', 's5$', 't7+', 'z2'].flatMap(([letter = '', ...others]) =>
    others.map((other) => [other, letter] as const),
  ),
);

/** The same for all passwords that look alike: of one spelling in small and capital letters, digits and symbols. */
export function lookalikeDigest(password: string): Buffer {
  const plain = [...password.toLowerCase()].map((character) => LOOKALIKES.get(character) ?? character).join('');
  return createHash('sha256').update(plain).digest().subarray(0, DIGEST_BYTES);
}
