import { createHash } from 'node:crypto';
import bcrypt from 'bcrypt';
import { assertInRange, type PasswordCheck } from './stored-hash.js';
import { UnusableHashError } from './unusable-hash.error.js';

/** A 2^15 key schedule holds a core for some three seconds; passlib and Django make 2^12, OWASP asks for 2^10. */
const MAX_COST = 15;
/** `$2b$`, `$2a$` and `$2y$`; Django puts its own name in front. */
const BCRYPT = /^(?:(bcrypt|bcrypt_sha256)\$)?\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{53})$/;
const PREFIX = /^(?:\$2|bcrypt)/;

/**
 * Reads a bcrypt hash. The letters `a`, `b` and `y` name one algorithm; they differ in old implementations' bugs. `a` is
 * checked as `b`, as this implementation would count its lengths modulo 256.
 *
 * @returns `undefined` for another format
 * @throws UnusableHashError
 */
export function readBcrypt(stored: string): PasswordCheck | undefined {
  if (!PREFIX.test(stored)) return undefined;
  const match = BCRYPT.exec(stored);
  if (match === null) throw new UnusableHashError('it is no bcrypt hash');
  const [, django, cost = '', saltAndKey = ''] = match;
  assertInRange("bcrypt's cost", Number(cost), MAX_COST);
  const hash = `$2b$${cost}$${saltAndKey}`;
  return (password) => bcrypt.compare(django === 'bcrypt_sha256' ? sha256Hex(password) : password, hash);
}

/** Django's way around the 72 bytes that bcrypt reads. */
function sha256Hex(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}
