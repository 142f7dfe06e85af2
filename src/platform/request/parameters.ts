import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { UnauthorizedError, ValidationError } from '#platform/errors';
import { type IfMatchCondition, parseIfMatch } from './etag.js';
import type { Principal } from './principal.js';
import { requestContext } from './request-context.js';

// Any UUID: whether it names something is for the database to say.
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The principal of this request. On a public route there is none: it throws. */
export const CurrentUser = createParamDecorator((): Principal => currentPrincipal());

/** The `:id` of the path as a user's id, with `me` resolved. */
export const UserId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const id = idParameter(context, 'id');
  if (id === 'me') return currentPrincipal().userId;
  if (!UUID.test(id)) throw ValidationError.of('id', 'id must be a UUID or "me"');
  return id.toLowerCase();
});

/** A parameter of the path that is the id of something other than a user. */
export const Id = createParamDecorator((name: string, context: ExecutionContext): string => {
  const id = idParameter(context, name);
  if (!UUID.test(id)) throw ValidationError.of(name, `${name} must be a UUID`);
  return id.toLowerCase();
});

/** The condition of the `If-Match` header; `undefined` when the client sent none. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): IfMatchCondition | undefined =>
  parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

/** Whether the `:id` of the path names the principal itself. */
export function namesSelf(context: ExecutionContext, principal: Principal): boolean {
  const id = idParameter(context, 'id');
  return id === 'me' || id.toLowerCase() === principal.userId;
}

function idParameter(context: ExecutionContext, name: string): string {
  const params = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>().params;
  return params[name] ?? '';
}

function currentPrincipal(): Principal {
  const principal = requestContext()?.principal;
  if (principal === undefined) throw UnauthorizedError.noToken();
  return principal;
}
