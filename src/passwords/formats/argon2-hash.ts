import { ARGON2_LIMITS } from '#config';
import { fromBase64, assertInRange, readKey, toBase64 } from './stored-hash.js';
import { UnusableHashError } from './unusable-hash.error.js';

const PHC =
  /^\$(argon2(?:id|i|d))(?:\$v=(\d{1,3}))?\$([mtp]=\d{1,10}(?:,[mtp]=\d{1,10}){2})\$([^$]{1,64})\$([^$]{1,88})$/;
/** Version 1.3 (RFC 9106); hashes without a version are of 1.0. */
const CURRENT_VERSION = 19;
const FIRST_VERSION = 16;
/** The least salt of RFC 9106, section 3.1. */
const MIN_SALT_BYTES = 8;

export interface Argon2Parameters {
  readonly memoryKiB: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** An argon2 hash of any variant, version and cost. */
export interface Argon2Hash extends Argon2Parameters {
  readonly variant: string;
  readonly version: number;
  /** In the one order that every implementation reads: m, t, p. */
  readonly phc: string;
}

/**
 * Reads a PHC string such as `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
 *
 * @returns `undefined` for another format
 * @throws UnusableHashError
 */
export function readArgon2(stored: string): Argon2Hash | undefined {
  if (!stored.startsWith('$argon2')) return undefined;
  const match = PHC.exec(stored);
  if (match === null) throw new UnusableHashError('it is no argon2 PHC string');
  const [, variant = '', versionText, pairs = '', salt = '', key = ''] = match;
  const version = versionText === undefined ? FIRST_VERSION : Number(versionText);
  if (version !== FIRST_VERSION && version !== CURRENT_VERSION) {
    throw new UnusableHashError(`argon2 has no version ${version}`);
  }
  const values = new Map(pairs.split(',').map((pair) => [pair.charAt(0), Number(pair.slice(2))]));
  const [memoryKiB = 0, timeCost = 0, parallelism = 0] = ['m', 't', 'p'].map((name) => values.get(name));
  assertInRange("argon2's memory (KiB)", memoryKiB, ARGON2_LIMITS.memoryKiB);
  assertInRange("argon2's lanes", parallelism, ARGON2_LIMITS.parallelism);
  assertInRange("argon2's memory times its passes", memoryKiB * timeCost, ARGON2_LIMITS.memoryTimesPassesKiB);
  if (memoryKiB < 8 * parallelism) throw new UnusableHashError('argon2 needs 8 KiB for each lane');
  const saltBytes = fromBase64(salt);
  if (saltBytes.length < MIN_SALT_BYTES) throw new UnusableHashError('its salt is too short');
  const parameters = `v=${version}$m=${memoryKiB},t=${timeCost},p=${parallelism}`;
  const phc = `$${variant}$${parameters}$${toBase64(saltBytes)}$${toBase64(readKey(key))}`;
  return { variant, version, memoryKiB, timeCost, parallelism, phc };
}

/** Whether a new hash would have the same parameters. */
export function isCurrent(stored: string, { memoryKiB, timeCost, parallelism }: Argon2Parameters): boolean {
  return stored.startsWith(`$argon2id$v=${CURRENT_VERSION}$m=${memoryKiB},t=${timeCost},p=${parallelism}$`);
}
