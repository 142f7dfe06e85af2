import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppConfig } from '#config';
import { UnauthorizedError } from '#platform/errors';
import { ACCESS_RULE, type AccessRule } from '#platform/access';
import { requestContext } from '#platform/request';
import { AccessTokenReader } from './access-token-reader.js';
import { SessionsService } from './sessions.service.js';

/** Lets a request in with an access token of a live session, or without a token where the route allows it. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly accessTokens: AccessTokenReader,
    private readonly sessions: SessionsService,
    private readonly config: AppConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, context.getHandler());
    if (rule?.public(this.config) && rule.permissions === undefined) return true;
    try {
      const principal = await this.sessions.principalOf(this.accessTokens.claims());
      const request = requestContext();
      if (request !== undefined) request.principal = principal;
    } catch (error) {
      // On a public route, a bad token counts as none.
      if (!(rule?.public(this.config) && error instanceof UnauthorizedError)) throw error;
    }
    return true;
  }
}
