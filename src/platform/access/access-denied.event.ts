import type { FastifyRequest } from 'fastify';
import { AuditedFailure, type AuditTarget } from '#platform/events';
import { isUuid, requestContext, TARGET, type TargetParameter } from '#platform/request';

/** A caller was refused what they asked for. */
export class AccessDenied extends AuditedFailure<'permission.denied'> {
  /**
   * @param repeated method and pattern of the route
   * @param reason the missing permission or the broken rule
   */
  constructor(
    override readonly repeated: string,
    target: AuditTarget,
    reason: string,
  ) {
    super('permission.denied', target, { outcome: 'denied', reason });
  }

  static of(request: FastifyRequest, reason: string): AccessDenied {
    const route = `${request.method} ${request.routeOptions.url}`;
    return new AccessDenied(route, namedTarget(request) ?? { type: 'route', id: route }, reason);
  }
}

/** The target that the path names, if its route says which parameter holds its id. */
function namedTarget({ params, routeOptions }: FastifyRequest): AuditTarget | undefined {
  const { [TARGET]: target } = routeOptions.config as { [TARGET]?: TargetParameter };
  if (target === undefined) return undefined;
  const named = (params as Readonly<Record<string, string>>)[target.parameter] ?? '';
  const id = target.type === 'user' && named === 'me' ? requestContext()?.principal?.userId : named;
  if (id === undefined || !target.isId(id)) return undefined;
  return { type: target.type, id: isUuid(id) ? id.toLowerCase() : id };
}
