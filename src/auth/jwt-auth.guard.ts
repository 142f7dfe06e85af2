import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { AppConfig } from '../config/index.js';
import { DomainError, UnauthorizedError } from '../platform/errors/index.js';
import { ACCESS_RULE, type AccessRule } from '../platform/http/access-rule.js';
import { requestContext } from '../platform/http/request-context.js';
import { SessionsService } from './sessions.service.js';
import { toTokenError, type TokenClaims } from './tokens.service.js';

/** Lets a request in with an access token of a session that goes on, or without one where the route says so. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
    private readonly config: AppConfig,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, context.getHandler());
    if (rule?.public(this.config)) return true;
    await super.canActivate(context);
    const { user: claims } = context.switchToHttp().getRequest<FastifyRequest & { user: TokenClaims }>();
    const principal = await this.sessions.principalOf(claims);
    const request = requestContext();
    if (request !== undefined) request.principal = principal;
    return true;
  }

  /** Passport's verdict: the claims, or why there are none. */
  override handleRequest<T>(error: unknown, claims: T | false, info: unknown): T {
    if (error instanceof DomainError) throw error;
    if (claims) return claims;
    const missing = info instanceof Error && info.message === 'No auth token';
    throw missing ? UnauthorizedError.noToken() : toTokenError(info);
  }
}
