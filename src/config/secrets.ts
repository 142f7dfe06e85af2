import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './error-code.js';
import { estimatedBits } from './secret-strength.js';

/** 256 bits, what an HS256 key must have at least (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

const PLACEHOLDERS = ['change', 'example', 'your-', 'secret_key', 'password'];

/** Letters and digits of the samples in the documentation of Nest, jwt.io, jsonwebtoken and RFC 7515 (A.1.1), lower-cased. */
const SAMPLES = [
  'donotusethisvalue',
  'stringsecret',
  'secretkey',
  '256bitsecret',
  'shhhhh',
  'aym1sysppbydfgzld3umj1qzkobwvmko',
];

/**
 * The least estimate of a secret's bits. Of 3,000 random secrets of 32 hexadecimal digits the weakest was estimated at 101,
 * of 32 decimal digits at 84; 16 characters given twice at 57 to 75.
 */
const MIN_SECRET_BITS = 80;

export interface Secrets {
  JWT_SECRET: string;
  JWT_REFRESH_SECRET: string;
}

/** Says what is wrong with a secret that production is about to sign with, or `undefined` for a good one. */
export function secretFault(name: string, secret: string | undefined): string | undefined {
  if (secret === undefined) return `${name} is required in production (openssl rand -base64 48)`;
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) return `${name} must have at least ${MIN_SECRET_BYTES} bytes`;
  const placeholder = PLACEHOLDERS.find((word) => secret.toLowerCase().includes(word));
  if (placeholder !== undefined) return `${name} looks like a placeholder (it contains "${placeholder}")`;
  if (isSample(secret)) return `${name} is a sample from a documentation (openssl rand -base64 48 makes a secret)`;
  if (estimatedBits(secret) < MIN_SECRET_BITS) {
    return `${name} is easy to guess: it repeats itself, counts or follows the keyboard (openssl rand -base64 48 makes a secret)`;
  }
  return undefined;
}

/** Also a sample that is encoded as base64, as jwt.io offers it. */
function isSample(secret: string): boolean {
  const decoded = Buffer.from(secret, 'base64').toString('latin1');
  const texts = [secret, decoded].map((text) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
  return SAMPLES.some((sample) => texts.some((text) => text.includes(sample)));
}

/** Reads the secrets kept beside the development data, or makes them (mode 0600) at the first start. */
export function loadOrCreateSecrets(dataDir: string): Secrets {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'secrets.json');
  const candidate = `${path}.${process.pid}`;
  const fresh: Secrets = { JWT_SECRET: newSecret(), JWT_REFRESH_SECRET: newSecret() };
  writeFileSync(candidate, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600 });
  try {
    // link() is atomic and never overwrites: of two first starts, both read what the first one wrote.
    linkSync(candidate, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(candidate, { force: true });
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
}

function newSecret(): string {
  return randomBytes(48).toString('base64url');
}
