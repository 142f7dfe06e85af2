import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { isUUID } from 'class-validator';
import { AppConfig } from '../config/index.js';
import { UnauthorizedError } from '../platform/errors/index.js';
import type { Session } from './session.js';

/** RFC 9068 names the first; the second follows it, so that neither is taken for the other. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
const REFRESH_TOKEN_TYPE = 'rt+jwt';
export const TOKEN_ALGORITHM = 'HS256';

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
}

/** Makes and reads the JWTs. What a session's row says gives the same two tokens each time. */
@Injectable()
export class TokensService {
  /** A KeyObject: given a string, jsonwebtoken tries to parse it as a private key at every call. */
  readonly accessKey: KeyObject;
  private readonly accessTokens: JwtService;
  private readonly refreshTokens: JwtService;

  constructor(private readonly config: AppConfig) {
    this.accessKey = createSecretKey(config.tokens.accessSecret, 'utf8');
    this.accessTokens = new JwtService({ secret: this.accessKey });
    this.refreshTokens = new JwtService({ secret: createSecretKey(config.tokens.refreshSecret, 'utf8') });
  }

  issue(session: Session): TokenPair {
    const iat = seconds(session.tokenIssuedAt);
    const accessExp = Math.min(iat + this.config.tokens.accessTtlMs / 1_000, seconds(session.expiresAt));
    const claims = { sub: session.userId, sid: session.id, iat };
    return {
      accessToken: this.sign(this.accessTokens, ACCESS_TOKEN_TYPE, {
        ...claims,
        jti: accessTokenId(session.tokenId),
        exp: accessExp,
      }),
      refreshToken: this.sign(this.refreshTokens, REFRESH_TOKEN_TYPE, {
        ...claims,
        jti: session.tokenId,
        exp: seconds(session.expiresAt),
      }),
      expiresIn: accessExp - iat,
    };
  }

  /** @throws UnauthorizedError for anything but a refresh token of ours that has not expired */
  readRefreshToken(token: string): TokenClaims {
    try {
      const read: unknown = this.refreshTokens.verify(token, {
        algorithms: [TOKEN_ALGORITHM],
        issuer: this.config.tokens.issuer,
        audience: this.config.tokens.audience,
        complete: true,
      });
      const claims = claimsOf(read, REFRESH_TOKEN_TYPE);
      if (claims !== undefined && isUUID(claims.jti)) return claims;
    } catch (error) {
      throw toTokenError(error);
    }
    throw UnauthorizedError.invalidToken();
  }

  private sign(signer: JwtService, type: string, claims: TokenClaims): string {
    const { issuer: iss, audience: aud } = this.config.tokens;
    return signer.sign({ ...claims, iss, aud }, { header: { alg: TOKEN_ALGORITHM, typ: type } });
  }
}

/** The claims of a verified token, if it is of this type and has them all. */
export function claimsOf(token: unknown, type: string): TokenClaims | undefined {
  if (!isRecord(token) || !isRecord(token['header']) || !isRecord(token['payload'])) return undefined;
  const { sub, sid, jti, iat, exp } = token['payload'];
  if (token['header']['typ'] !== type || token['header']['crit'] !== undefined) return undefined;
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof jti !== 'string') return undefined;
  // The database compares them with ids, and fails on any other text.
  if (!isUUID(sub) || !isUUID(sid)) return undefined;
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  return { sub, sid, jti, iat, exp };
}

/** What jsonwebtoken throws, as the answer a client gets. */
export function toTokenError(error: unknown): UnauthorizedError {
  const expired = error instanceof Error && error.name === 'TokenExpiredError';
  return expired ? UnauthorizedError.expiredToken() : UnauthorizedError.invalidToken();
}

function accessTokenId(refreshTokenId: string): string {
  return createHash('sha256').update(`access:${refreshTokenId}`).digest('base64url').slice(0, 22);
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
