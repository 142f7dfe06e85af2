import { timingSafeEqual } from 'node:crypto';
import { UnusableHashError } from './unusable-hash.error.js';

/** Checks one password against one stored hash. */
export type PasswordCheck = (password: string) => Promise<boolean>;

/** 128 bits: a shorter key would let another password in by chance (an empty one any password). */
const MIN_KEY_BYTES = 16;
/** SHA-512's digest; longer keys only cost more. */
const MAX_KEY_BYTES = 64;

/** @throws UnusableHashError */
export function assertInRange(name: string, value: number, max: number): void {
  if (!(value >= 1 && value <= max)) throw new UnusableHashError(`${name} is ${value}, not 1 to ${max}`);
}

/**
 * Reads standard base64 with or without padding, and passlib's variant with `.` for `+`.
 *
 * @throws UnusableHashError
 */
export function fromBase64(text: string): Buffer {
  const bare = text.replace(/={1,2}$/, '').replaceAll('.', '+');
  const bytes = Buffer.from(bare, 'base64');
  // Buffer skips what it does not know.
  if (toBase64(bytes) !== bare) throw new UnusableHashError('it is not base64');
  return bytes;
}

/** Standard base64 without padding, as PHC strings have it. */
export function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/={1,2}$/, '');
}

/** @throws UnusableHashError */
export function readKey(text: string): Buffer {
  const key = fromBase64(text);
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new UnusableHashError(`its key has ${key.length} bytes, not ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES}`);
  }
  return key;
}

export function checkByDerivation(
  key: Buffer,
  derive: (password: string, length: number) => Promise<Buffer>,
): PasswordCheck {
  return async (password) => timingSafeEqual(await derive(password, key.length), key);
}
