/** A live login, and the state of its refresh token. Both kinds of token are made from it alone. Times are the database's. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** `jti` of the refresh token that is good. */
  readonly tokenId: string;
  readonly tokenIssuedAt: Date;
  /** Of the pair that it belongs to; a login's is 0, each refresh's is one more. */
  readonly tokenNumber: number;
  /** When the refresh token, and the session if it goes unused, ends. */
  readonly expiresAt: Date;
  /** The end that no refresh passes. */
  readonly endsAt: Date;
  /** When it was read or written. */
  readonly readAt: Date;
}

/** A session as its user sees it. */
export interface SessionEntry {
  readonly id: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

export type EndReason =
  | 'logout'
  | 'revoked'
  | 'password_changed'
  | 'password_reset'
  | 'user_not_active'
  | 'user_deleted'
  | 'refresh_token_reused'
  | 'session_limit';

/** The cache key of what the guard knows about a session. */
export function sessionKey(id: string): string {
  return `session:${id}`;
}
