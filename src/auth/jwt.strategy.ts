import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { AppConfig } from '../config/index.js';
import { UnauthorizedError } from '../platform/errors/index.js';
import { ACCESS_TOKEN_TYPE, claimsOf, TOKEN_ALGORITHM, type TokenClaims, TokensService } from './tokens.service.js';

/** Verifies an access token: signature, algorithm, issuer, audience, expiry, type. Asks no store. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(tokens: TokensService, config: AppConfig) {
    super({
      jwtFromRequest: bearerToken,
      // Handed on to jsonwebtoken, which takes a KeyObject; the types of passport-jwt do not say so.
      secretOrKey: tokens.accessKey as unknown as Buffer,
      algorithms: [TOKEN_ALGORITHM],
      issuer: config.tokens.issuer,
      audience: config.tokens.audience,
      // With the header, which says the token's type.
      jsonWebTokenOptions: { complete: true },
    });
  }

  validate(token: unknown): TokenClaims {
    const claims = claimsOf(token, ACCESS_TOKEN_TYPE);
    if (claims === undefined) throw UnauthorizedError.invalidToken();
    return claims;
  }
}

/** All that follows `Bearer` (RFC 6750): with anything behind the token, it is a malformed one. */
function bearerToken({ headers }: { headers: { authorization?: string } }): string | null {
  return /^Bearer +(\S.*)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
