import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';
import { ApiExtension } from '#platform/openapi';
import { isUuid } from './uuid.js';

/** Bytes that a body may have, unless its route allows fewer. */
export const MAX_BODY_BYTES = 64 * 1024;
/** The same on `/auth/*`. */
export const MAX_AUTH_BODY_BYTES = 16 * 1024;

export const UNCOUNTED = 'uncounted';
export const COUNTED_BY_BODY = 'countedByBody';

const CONFIG = Symbol('route-config');

/** Bytes that a body of this route may have. */
export const BodyLimit = (bytes: number) => addRouteConfig({ bodyLimit: bytes });

/** The rate limit does not count this route. */
export const Uncounted = () =>
  applyDecorators(addRouteConfig({ [UNCOUNTED]: true }), ApiExtension('x-uncounted', true));

/** The rate limit finds the client's identity in the body. */
export const CountedByBody = () => addRouteConfig({ [COUNTED_BY_BODY]: true });

export const TARGET = 'target';

/** A parameter of the path that holds the id of what a route acts on. */
export interface TargetParameter {
  readonly parameter: string;
  /** Such as `user`, as in the target of an audit entry. */
  readonly type: string;
  readonly isId: (text: string) => boolean;
}

/** Says what a parameter of the path names. The audit entry of a denial has that as its target. */
export const Target = (parameter: string, type: string, isId: (text: string) => boolean = isUuid) =>
  addRouteConfig({ [TARGET]: { parameter, type, isId } satisfies TargetParameter });

/** Fastify onRoute hook: Nest can give a route a configuration, but not Fastify's own options. */
export function applyBodyLimit(route: RouteOptions): void {
  const { bodyLimit } = { ...route.config } as { bodyLimit?: unknown };
  if (typeof bodyLimit === 'number') route.bodyLimit = bodyLimit;
}

/** Adds to a route's Fastify configuration; Nest's own decorator would replace it. */
export function addRouteConfig(part: Record<string, unknown>): MethodDecorator {
  return (target, key, descriptor) => {
    const before: unknown = Reflect.getMetadata(CONFIG, Object(descriptor.value) as object);
    const whole = { ...(before as object | undefined), ...part };
    applyDecorators(SetMetadata(CONFIG, whole), RouteConfig(whole))(target, key, descriptor);
  };
}
