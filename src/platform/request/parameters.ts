import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { UnauthorizedError, ValidationError } from '#platform/errors';
import { ApiHeader, ApiParam, type ApiParamOptions, ETAGS_SCHEMA } from '#platform/openapi';
import { parseIfMatch } from './etag.js';
import type { Principal } from './principal.js';
import { requestContext } from './request-context.js';
import { Target } from './route-config.js';
import { isUuid } from './uuid.js';

/** The principal of this request. On a public route there is none: it throws. */
export const CurrentUser = createParamDecorator((): Principal => currentPrincipal());

/** The `:id` of the path as a user's id, with `me` resolved. */
export const UserId = pathParameter(
  {
    name: 'id',
    description: "A user's UUID, or `me`.",
    schema: { type: 'string', pattern: '^(?:me|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$', maxLength: 36 },
  },
  (id) => {
    if (id === 'me') return currentPrincipal().userId;
    if (!isUuid(id)) throw ValidationError.ofField('id', 'format', 'id must be a UUID or "me"');
    return id.toLowerCase();
  },
  Target('id', 'user'),
);

/**
 * Reads a path parameter that holds the id of a session, an audit entry or another resource that is not a user.
 *
 * @param more decorators of the route
 */
export const Id = (name: string, ...more: MethodDecorator[]) =>
  pathParameter(
    { name, schema: { type: 'string', format: 'uuid', maxLength: 36 } },
    (id) => {
      if (!isUuid(id)) throw ValidationError.ofField(name, 'format', `${name} must be a UUID`);
      return id.toLowerCase();
    },
    ...more,
  )();

/** The condition of the `If-Match` header; `undefined` when the client sent none. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
  [
    describedBy(
      ApiHeader({
        name: 'If-Match',
        required: false,
        description: 'Only if the user still has this ETag.',
        schema: ETAGS_SCHEMA,
      }),
    ),
  ],
);

/**
 * Makes a decorator that reads a parameter of the path, and describes it.
 *
 * @param more decorators of the route
 */
export function pathParameter(
  options: ApiParamOptions & { readonly name: string },
  read: (value: string) => string,
  ...more: MethodDecorator[]
) {
  return createParamDecorator(
    (_: unknown, context: ExecutionContext) => read(rawParameter(context, options.name)),
    [ApiParam(options), ...more].map(describedBy),
  );
}

/** Whether the `:id` of the path names the principal itself. */
export function namesSelf(context: ExecutionContext, principal: Principal): boolean {
  const id = rawParameter(context, 'id');
  return id === 'me' || id.toLowerCase() === principal.userId;
}

function rawParameter(context: ExecutionContext, name: string): string {
  const params = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>().params;
  return params[name] ?? '';
}

function describedBy(documentation: MethodDecorator): ParameterDecorator {
  return (target, key) => {
    const method = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
    if (key !== undefined && method !== undefined) documentation(target, key, method);
  };
}

function currentPrincipal(): Principal {
  const principal = requestContext()?.principal;
  if (principal === undefined) throw UnauthorizedError.noToken();
  return principal;
}
