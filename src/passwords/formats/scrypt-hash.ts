import { scrypt } from 'node:crypto';
import { checkByDerivation, fromBase64, assertInRange, type PasswordCheck, readKey } from './stored-hash.js';
import { UnusableHashError } from './unusable-hash.error.js';

/** Twice what OWASP's Password Storage Cheat Sheet asks for (N=2^17, r=8). */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
/** Memory times p, to which the time is proportional: about three seconds of a core. */
const MAX_WORK_BYTES = 4 * MAX_MEMORY_BYTES;

/** passlib's PHC string, `$scrypt$ln=16,r=8,p=1$salt$hash`. */
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,5}),p=(\d{1,5})\$([^$]{0,128})\$([^$]{1,128})$/;
/** Django's, `scrypt$16384$salt$8$1$hash`, its salt the text itself. */
const DJANGO = /^scrypt\$(\d{1,10})\$([^$]{1,128})\$(\d{1,5})\$(\d{1,5})\$([^$]{1,128})$/;

/**
 * Reads an scrypt hash (RFC 7914).
 *
 * @returns `undefined` for another format
 * @throws UnusableHashError
 */
export function readScrypt(stored: string): PasswordCheck | undefined {
  if (!/^\$?scrypt\$/.test(stored)) return undefined;
  const phc = PHC.exec(stored);
  if (phc !== null) {
    const [, ln = '', r = '', p = '', salt = '', key = ''] = phc;
    return check(2 ** Number(ln), Number(r), Number(p), fromBase64(salt), key);
  }
  const django = DJANGO.exec(stored);
  if (django === null) throw new UnusableHashError('it is no scrypt hash');
  const [, cost = '', salt = '', r = '', p = '', key = ''] = django;
  return check(Number(cost), Number(r), Number(p), Buffer.from(salt), key);
}

function check(cost: number, blockSize: number, parallelization: number, salt: Buffer, key: string): PasswordCheck {
  const log = Math.log2(cost);
  // RFC 7914, section 6: a power of two under 2^(16 r).
  if (!Number.isInteger(log) || log < 1 || log >= 16 * blockSize) {
    throw new UnusableHashError(`scrypt's N is ${cost}, which does not go with r=${blockSize}`);
  }
  const memory = 128 * cost * blockSize;
  assertInRange("scrypt's memory (bytes)", memory, MAX_MEMORY_BYTES);
  assertInRange("scrypt's memory times p", memory * parallelization, MAX_WORK_BYTES);
  // Beside its table, two blocks to mix in, and one for each of p (RFC 7914, sections 5 and 6).
  const maxmem = memory + 128 * blockSize * (parallelization + 2) + 1;
  return checkByDerivation(
    readKey(key),
    (password, length) =>
      new Promise((resolve, reject) => {
        scrypt(password, salt, length, { cost, blockSize, parallelization, maxmem }, (error, derived) =>
          error === null ? resolve(derived) : reject(error),
        );
      }),
  );
}
