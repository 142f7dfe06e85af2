import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { checkByDerivation, fromBase64, assertInRange, type PasswordCheck, readKey } from './stored-hash.js';
import { UnusableHashError } from './unusable-hash.error.js';

/** Over three times OWASP's 600,000 and twice Django 5.2's 1,000,000: a second or two of a core. */
const MAX_ROUNDS = 2_000_000;

/** passlib's `$pbkdf2-sha256$29000$salt$hash`, and the PHC spelling of the same, with `i=29000` and maybe `l=32`. */
const PHC = /^\$pbkdf2-(sha256|sha512)\$(?:i=)?(\d{1,10})(?:,l=\d{1,3})?\$([^$]{0,128})\$([^$]{1,128})$/;
/** Django's `pbkdf2_sha256$1000000$salt$hash`, its salt the text itself. */
const DJANGO = /^pbkdf2_(sha256)\$(\d{1,10})\$([^$]{1,128})\$([^$]{1,128})$/;

const derive = promisify(pbkdf2);

/**
 * Reads a PBKDF2 hash (RFC 8018).
 *
 * @returns `undefined` for another format
 * @throws UnusableHashError
 */
export function readPbkdf2(stored: string): PasswordCheck | undefined {
  if (!/^\$?pbkdf2[-_]/.test(stored)) return undefined;
  const phc = PHC.exec(stored);
  const match = phc ?? DJANGO.exec(stored);
  if (match === null) throw new UnusableHashError('it is no PBKDF2 hash over SHA-256 or SHA-512');
  const [, digest = '', roundsText = '', saltText = '', key = ''] = match;
  const rounds = Number(roundsText);
  assertInRange("PBKDF2's rounds", rounds, MAX_ROUNDS);
  const salt = phc === null ? Buffer.from(saltText) : fromBase64(saltText);
  return checkByDerivation(readKey(key), (password, length) => derive(password, salt, rounds, length, digest));
}
