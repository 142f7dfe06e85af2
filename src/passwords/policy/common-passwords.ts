import { readFileSync } from 'node:fs';
import { DIGEST_BYTES, lookalikeDigest } from './lookalike-digest.js';

/** The digests of the common passwords, sorted. `npm run passwords:common` writes them, and says which they are. */
const DIGESTS = readFileSync(new URL('common-passwords.bin', import.meta.url));
/** Characters that may be added to a common password, at both ends together, as in `!Dragon2024`. */
const MAX_ADDED = 5;

/** Whether it is one of the most common passwords, or a plain variant: case, lookalikes, digits and symbols at the ends. */
export function isCommonPassword(password: string): boolean {
  const characters = [...password];
  const before = Math.min(added(characters), MAX_ADDED);
  const after = Math.min(added(characters.toReversed()), MAX_ADDED);
  for (let start = 0; start <= before; start += 1) {
    for (let cut = 0; cut <= Math.min(after, MAX_ADDED - start); cut += 1) {
      if (start + cut < characters.length && isListed(characters.slice(start, characters.length - cut))) return true;
    }
  }
  return false;
}

/** How many characters from the start are no letters. */
function added(characters: readonly string[]): number {
  const first = characters.findIndex((character) => /\p{L}/u.test(character));
  return first === -1 ? characters.length : first;
}

function isListed(characters: readonly string[]): boolean {
  const wanted = lookalikeDigest(characters.join('')).readUIntBE(0, DIGEST_BYTES);
  let low = 0;
  let high = DIGESTS.length / DIGEST_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = DIGESTS.readUIntBE(middle * DIGEST_BYTES, DIGEST_BYTES);
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return false;
}
