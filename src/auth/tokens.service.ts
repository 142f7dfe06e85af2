import { createHash, createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '#config';
import { UnauthorizedError } from '#platform/errors';
import { isUuid } from '#platform/request';
import { AccessTokenKeys } from './access-token-keys.js';
import type { Session } from './session.js';
import { ACCESS_TOKEN_TYPE, readTokenHeader, REFRESH_TOKEN_TYPE, SECRET_ALGORITHM } from './token-header.js';

/** How far (ms) the clock of an instance, which checks tokens without asking the database, may be behind. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** The claims of both kinds of token; times in seconds since 1970. */
export interface TokenClaims {
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds that the access token is good for. */
  readonly expiresIn: number;
  /** Seconds that the refresh token is good for. */
  readonly refreshExpiresIn: number;
  readonly sessionId: string;
}

/** Makes and reads the JWTs. What a session's row says gives the same claims each time. */
@Injectable()
export class TokensService {
  private readonly accessTokens: JwtService;
  private readonly refreshTokens: JwtService;

  constructor(
    private readonly keys: AccessTokenKeys,
    private readonly config: AppConfig,
  ) {
    this.accessTokens = new JwtService({ privateKey: keys.signer.key });
    this.refreshTokens = new JwtService({ secret: createSecretKey(config.tokens.refreshSecret, 'utf8') });
  }

  /** @param more claims of extensions, for the access token */
  issue(session: Session, more: Readonly<Record<string, unknown>>): TokenPair {
    const now = seconds(session.readAt);
    const ttl = this.config.tokens.accessTtlMs / 1_000;
    const iat = seconds(session.tokenIssuedAt);
    // A pair that is given out once more may be older than its access token lives.
    const accessIat = iat + ttl > now ? iat : now;
    const exp = seconds(session.expiresAt);
    const accessExp = Math.min(accessIat + ttl, exp);
    const { issuer: iss, audience: aud } = this.config.tokens;
    const claims = { sub: session.userId, sid: session.id, iss, aud };
    const { algorithm, kid } = this.keys.signer;
    return {
      accessToken: this.accessTokens.sign(
        { ...more, ...claims, jti: accessTokenId(session, accessIat), iat: accessIat, exp: accessExp },
        { header: { alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid } },
      ),
      refreshToken: this.refreshTokens.sign(
        { ...claims, jti: session.tokenId, iat, exp },
        { header: { alg: SECRET_ALGORITHM, typ: REFRESH_TOKEN_TYPE } },
      ),
      // A pair that is given out once more has lived for a while; a second may be lost to rounding.
      expiresIn: Math.max(0, Math.min(accessExp - accessIat, accessExp - now + 1)),
      refreshExpiresIn: Math.max(0, Math.min(exp - iat, exp - now + 1)),
      sessionId: session.id,
    };
  }

  /** @throws UnauthorizedError for anything but a refresh token of ours that has not expired */
  readRefreshToken(token: string): TokenClaims {
    const header = readTokenHeader(token, REFRESH_TOKEN_TYPE);
    if (header?.alg !== SECRET_ALGORITHM || header.kid !== undefined) throw UnauthorizedError.invalidToken();
    const claims = claimsOf(this.verifyRefreshToken(token));
    if (claims === undefined || !isUuid(claims.jti)) throw UnauthorizedError.invalidToken();
    return claims;
  }

  private verifyRefreshToken(token: string): unknown {
    const { issuer, audience } = this.config.tokens;
    try {
      return this.refreshTokens.verify(token, { algorithms: [SECRET_ALGORITHM], issuer, audience });
    } catch (error) {
      throw toTokenError(error);
    }
  }
}

/**
 * The claims of a verified token, if it has them all and was not issued in the future: this clock would then be slow, and
 * would accept tokens after their expiry.
 */
export function claimsOf(payload: unknown): TokenClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { sub, sid, jti, iat, exp }: Partial<Record<string, unknown>> = { ...payload };
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof jti !== 'string') return undefined;
  // The database compares them with ids, and fails on any other text.
  if (!isUuid(sub) || !isUuid(sid)) return undefined;
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  if (iat * 1_000 > Date.now() + MAX_CLOCK_SKEW_MS) return undefined;
  return { sub, sid, jti, iat, exp };
}

/** What jsonwebtoken throws, as the answer a client gets. */
export function toTokenError(error: unknown): UnauthorizedError {
  const expired = error instanceof Error && error.name === 'TokenExpiredError';
  return expired ? UnauthorizedError.expiredToken() : UnauthorizedError.invalidToken();
}

/** The number of the pair that an access token belongs to. Tokens from before pairs had numbers belong to the first. */
export function tokenNumberOf(accessTokenJti: string): number {
  return Number(/\.(\d{1,9})$/.exec(accessTokenJti)?.[1] ?? 0);
}

/** Ends in the number of its pair, so that the guard sees without the database that cached state is older than the token. */
function accessTokenId({ tokenId, tokenNumber }: Session, iat: number): string {
  const hash = createHash('sha256').update(`access:${tokenId}:${iat}`).digest('base64url').slice(0, 22);
  return `${hash}.${tokenNumber}`;
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
