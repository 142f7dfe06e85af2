import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './error-code.js';

/** 256 bits, what an HS256 key must have at least (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

const PLACEHOLDERS = ['change', 'example', 'your-', 'secret_key', 'password'];

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
  if (new Set(secret).size === 1) return `${name} must not be one repeated character`;
  return undefined;
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
