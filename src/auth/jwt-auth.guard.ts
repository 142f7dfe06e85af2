import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppConfig } from '#config';
import { UnauthorizedError } from '#platform/errors';
import { ACCESS_RULE, type AccessRule } from '#platform/access';
import { type Principal, requestContext } from '#platform/request';
import { AccessTokenReader } from './access-token-reader.js';
import { RefreshTokenReader } from './refresh-token-reader.js';
import { SessionsService } from './sessions.service.js';

/** Lets a request in with an access token of a live session, or without a token where the route allows it. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly accessTokens: AccessTokenReader,
    private readonly refreshTokens: RefreshTokenReader,
    private readonly sessions: SessionsService,
    private readonly config: AppConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, context.getHandler());
    if (rule?.public(this.config) && rule.permissions === undefined) return true;
    try {
      const principal = await this.principal(rule);
      const request = requestContext();
      if (request !== undefined) request.principal = principal;
    } catch (error) {
      // On a public route, a bad token counts as none.
      if (!(rule?.public(this.config) && error instanceof UnauthorizedError)) throw error;
    }
    return true;
  }

  private async principal(rule: AccessRule | undefined): Promise<Principal> {
    try {
      return await this.sessions.principalOf(this.accessTokens.claims());
    } catch (error) {
      if (rule?.cookie !== true || !(error instanceof UnauthorizedError)) throw error;
      const claims = this.refreshTokens.claimsOfCookie();
      if (claims === undefined) throw error;
      return this.sessions.principalOfRefreshToken(claims);
    }
  }
}
