import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';

/** Bytes that a body may have, unless its route allows fewer. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Bytes that a body of this route may have. */
export const BodyLimit = (bytes: number) => RouteConfig({ bodyLimit: bytes });

/** Fastify onRoute hook: Nest can give a route a configuration, but not Fastify's own options. */
export function applyBodyLimit(route: RouteOptions): void {
  const { bodyLimit } = { ...route.config } as { bodyLimit?: unknown };
  if (typeof bodyLimit === 'number') route.bodyLimit = bodyLimit;
}
