import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { AppConfig } from '#config';
import { UnauthorizedError } from '#platform/errors';
import { AccessTokenKeys } from './access-token-keys.js';
import { claimsOf, type TokenClaims } from './tokens.service.js';

/** Verifies an access token's header, signature, issuer and audience; `AccessTokenReader` checks its expiry. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(keys: AccessTokenKeys, config: AppConfig) {
    super({
      jwtFromRequest: bearerToken,
      secretOrKeyProvider: keyProvider(keys),
      // jsonwebtoken refuses those that do not fit the kind of key.
      algorithms: keys.algorithms,
      issuer: config.tokens.issuer,
      audience: config.tokens.audience,
      ignoreExpiration: true,
    });
  }

  validate(payload: unknown): TokenClaims {
    const claims = claimsOf(payload);
    if (claims === undefined) throw UnauthorizedError.invalidToken();
    return claims;
  }
}

function keyProvider(keys: AccessTokenKeys): SecretOrKeyProvider {
  return (_request, token: string, done) => {
    const key = keys.verifierOf(token);
    // jsonwebtoken takes a KeyObject; the types of passport-jwt do not say so.
    if (key !== undefined) done(null, key as unknown as Buffer);
    else done(UnauthorizedError.invalidToken());
  };
}

/** All that follows `Bearer` (RFC 6750): a token followed by anything else is malformed. */
function bearerToken({ headers }: { headers: { authorization?: string } }): string | null {
  return /^Bearer +(\S.*)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
