import { createHash, randomBytes } from 'node:crypto';

/** 256 bits, which cannot be guessed. */
const TOKEN_BYTES = 32;
const HOUR_MS = 60 * 60_000;

/** What a one-time token is for, and how long (ms) it is good. */
export const TOKEN_LIFETIMES = {
  /** A new password, by a token that an operator hands over. */
  operator_reset: HOUR_MS,
  /** A new password, by a link that was mailed. */
  password_reset: HOUR_MS,
  email_verification: 24 * HOUR_MS,
  invitation: 7 * 24 * HOUR_MS,
} as const;

export type TokenPurpose = keyof typeof TOKEN_LIFETIMES;

/** What a route takes tokens for. */
export type TokenPurposes = readonly [TokenPurpose, ...TokenPurpose[]];

export const TOKEN_PURPOSES = Object.keys(TOKEN_LIFETIMES) as TokenPurpose[];

/** @returns the token, which nothing stores, and its hash */
export function newToken(): { readonly token: string; readonly hash: Buffer } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
