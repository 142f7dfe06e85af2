import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';
import { ApiExtension } from '#platform/openapi';

/** Bytes that a body may have, unless its route allows fewer. */
export const MAX_BODY_BYTES = 64 * 1024;
/** The same on `/auth/*`. */
export const MAX_AUTH_BODY_BYTES = 16 * 1024;

export const UNCOUNTED = 'uncounted';
export const COUNTED_BY_BODY = 'countedByBody';
export const ONE_BY_ONE = 'oneByOne';

const CONFIG = Symbol('route-config');

/** Bytes that a body of this route may have. */
export const BodyLimit = (bytes: number) => addConfig({ bodyLimit: bytes });

/** The rate limit does not count this route. */
export const Uncounted = () => applyDecorators(addConfig({ [UNCOUNTED]: true }), ApiExtension('x-uncounted', true));

/** Whose request it is that the rate limit counts, only the body says. */
export const CountedByBody = () => addConfig({ [COUNTED_BY_BODY]: true });

/** Many requests at once for this route leave room for others between them. For what is dear and open to everybody. */
export const OneByOne = () => addConfig({ [ONE_BY_ONE]: true });

export const TARGET = 'target';

/** A parameter of the path that holds the id of what a route acts on. */
export interface TargetParameter {
  readonly parameter: string;
  /** Such as `user`, as in the target of an audit entry. */
  readonly type: string;
}

/** Says what a parameter of the path names; a denial is recorded with it as its target. */
export const Target = (parameter: string, type: string) =>
  addConfig({ [TARGET]: { parameter, type } satisfies TargetParameter });

/** Fastify onRoute hook: Nest can give a route a configuration, but not Fastify's own options. */
export function applyBodyLimit(route: RouteOptions): void {
  const { bodyLimit } = { ...route.config } as { bodyLimit?: unknown };
  if (typeof bodyLimit === 'number') route.bodyLimit = bodyLimit;
}

/** Adds to what Fastify knows of a route; Nest's own decorator would replace it. */
function addConfig(part: Record<string, unknown>): MethodDecorator {
  return (target, key, descriptor) => {
    const before: unknown = Reflect.getMetadata(CONFIG, Object(descriptor.value) as object);
    const whole = { ...(before as object | undefined), ...part };
    applyDecorators(SetMetadata(CONFIG, whole), RouteConfig(whole))(target, key, descriptor);
  };
}
