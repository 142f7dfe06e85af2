import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, RouteOptions } from 'fastify';
import { MethodNotAllowedError } from '#platform/errors';

const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-None-Match',
  'Idempotency-Key',
  'X-Request-Id',
  'X-Device-Token',
  'X-Refresh-Token-Delivery',
  'X-Requested-With',
  'Cache-Control',
  'traceparent',
  'tracestate',
];
/** Seconds that a browser may keep the answer to a preflight. */
const PREFLIGHT_MAX_AGE = 600;

const ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The methods that each path answers to. */
export type RouteMethods = Map<string, Set<string>>;

/** Fastify onRoute hook. */
export function noteMethods(methods: RouteMethods) {
  return (route: RouteOptions): void => {
    const known = methods.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  };
}

/**
 * Adds routes for every known path: OPTIONS is answered with 204 and `Allow`, and a method that the path does not have
 * with 405.
 */
export function answerOtherMethods(fastify: FastifyInstance, methods: RouteMethods): void {
  for (const method of METHODS) {
    // CONNECT never reaches a handler.
    if (method !== 'CONNECT' && !fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method);
  }
  for (const [url, known] of methods) {
    if (url.endsWith('*')) continue;
    const allowed = ORDER.filter((method) => known.has(method) || method === 'OPTIONS');
    if (!known.has('OPTIONS')) {
      fastify.options(url, async (_request, reply) => {
        // Set by the CORS hook, for the origins that may.
        if (reply.hasHeader('access-control-allow-origin')) allowPreflight(reply, allowed);
        return reply.code(204).header('allow', allowed.join(', ')).send();
      });
    }
    fastify.route({
      method: fastify.supportedMethods.filter((method) => !allowed.includes(method)),
      url,
      exposeHeadRoute: false,
      // Refused before the body is read, because the method is wrong whatever the body contains.
      onRequest: async () => {
        throw new MethodNotAllowedError(allowed);
      },
      handler: async () => undefined,
    });
  }
}

function allowPreflight(reply: FastifyReply, methods: readonly string[]): void {
  reply.header('access-control-allow-methods', methods.join(', '));
  reply.header('access-control-allow-headers', ALLOWED_HEADERS.join(', '));
  reply.header('access-control-max-age', PREFLIGHT_MAX_AGE);
}
