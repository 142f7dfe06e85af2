import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { ForbiddenError } from '#platform/errors';
import { ACCESS_RULE, type AccessRule, EXTRA_PERMISSIONS, type QueryPermission } from '#platform/access';
import { namesSelf, requestContext } from '#platform/request';

/** Enforces each route's access rule; a route without one lets no request pass. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, context.getHandler());
    if (rule?.public(this.config)) return true;
    const principal = requestContext()?.principal;
    if (rule === undefined) throw new ForbiddenError('the route has no access rule');
    if (principal === undefined) throw new ForbiddenError('no principal');
    const bySelf = namesSelf(context, principal);
    const wanted = bySelf ? rule.self : rule.permissions;
    if (wanted === undefined) {
      throw new ForbiddenError(bySelf ? 'self: only another user may do this' : 'self: only the user may do this');
    }
    const extra = this.extraPermission(context);
    const needed = [...wanted, ...(extra === undefined ? [] : [extra])];
    const missing = needed.filter((permission) => !principal.permissions.has(permission));
    if (missing.length > 0) throw new ForbiddenError(missing.join(' and '));
    return true;
  }

  /** The permission that this request's query needs beside the rule's. */
  private extraPermission(context: ExecutionContext): string | undefined {
    const extra = this.reflector.get<QueryPermission | undefined>(EXTRA_PERMISSIONS, context.getHandler());
    if (extra === undefined) return undefined;
    const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
    return query[extra.parameter] === extra.value ? extra.permission : undefined;
  }
}
