import { createHash, randomBytes } from 'node:crypto';

/** 256 bits, which cannot be guessed. */
const TOKEN_BYTES = 32;
const HOUR_MS = 60 * 60_000;

/**
 * What a one-time token is for: how long (ms) it is good, which the mail templates say in words; what an error calls it; and
 * the audited action that fails with it.
 */
export const TOKENS = {
  /** A new password, by a token that an operator hands over. */
  operator_reset: { lifetimeMs: HOUR_MS, name: 'reset token', action: 'user.password_reset' },
  /** A new password, by a link that was mailed. */
  password_reset: { lifetimeMs: HOUR_MS, name: 'reset token', action: 'user.password_reset' },
  email_verification: { lifetimeMs: 24 * HOUR_MS, name: 'verification token', action: 'user.email_verified' },
  invitation: { lifetimeMs: 7 * 24 * HOUR_MS, name: 'invitation token', action: 'user.invitation_accepted' },
} as const;

export type TokenPurpose = keyof typeof TOKENS;

/** The purposes that a route accepts; the first one names the error. */
export type TokenPurposes = readonly [TokenPurpose, ...TokenPurpose[]];

export const TOKEN_PURPOSES = Object.keys(TOKENS) as TokenPurpose[];

/** @returns the token, which nothing stores, and its hash */
export function newToken(): { readonly token: string; readonly hash: Buffer } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
