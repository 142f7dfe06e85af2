import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { ForbiddenError } from '#platform/errors';
import { ACCESS_RULE, type AccessRule, EXTRA_PERMISSIONS, type QueryPermission } from '#platform/access';
import { namesSelf, requestContext } from '#platform/request';

/** Enforces each route's access rule. Without a rule, nobody passes. */
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
    if (rule === undefined || principal === undefined) throw new ForbiddenError();
    const bySelf = rule.self && namesSelf(context, principal);
    const byPermission = rule.permissions?.every((permission) => principal.permissions.has(permission)) ?? false;
    if (!bySelf && !byPermission) throw new ForbiddenError();
    const extra = this.extraPermission(context);
    if (extra !== undefined && !principal.permissions.has(extra)) throw new ForbiddenError();
    return true;
  }

  /** What this value of the query needs on top. */
  private extraPermission(context: ExecutionContext): string | undefined {
    const extra = this.reflector.get<QueryPermission | undefined>(EXTRA_PERMISSIONS, context.getHandler());
    if (extra === undefined) return undefined;
    const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
    return query[extra.parameter] === extra.value ? extra.permission : undefined;
  }
}
