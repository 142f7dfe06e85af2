import type { FastifyRequest } from 'fastify';
import { AuditedFailure, type AuditFacts } from '#platform/events';
import { isUuid, requestContext } from '#platform/request';

export const ACCESS_ACTIONS = ['permission.denied'] as const;

/** Somebody asked for what they may not. */
export class AccessDenied extends AuditedFailure {
  constructor(
    /** Method and pattern of the route. */
    readonly route: string,
    /** The user that it was to be done to, if it was one. */
    readonly userId: string | undefined,
  ) {
    super();
  }

  get repeated() {
    return this.route;
  }

  static by(request: FastifyRequest): AccessDenied {
    const { method, params, routeOptions } = request;
    const { url = '' } = routeOptions;
    // Of an extension's routes, nobody knows what their ids are of.
    const { id = '' } = (url.includes('/users/:id') ? params : {}) as { id?: string };
    const userId = id === 'me' ? requestContext()?.principal?.userId : isUuid(id) ? id : undefined;
    return new AccessDenied(`${method} ${url}`, userId?.toLowerCase());
  }

  audited(): readonly AuditFacts[] {
    const target = this.userId === undefined ? { type: 'route', id: this.route } : { type: 'user', id: this.userId };
    return [{ action: 'permission.denied', outcome: 'denied', target, reason: this.route }];
  }
}
