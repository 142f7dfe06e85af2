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
];
/** Seconds that a browser may keep the answer to a preflight. */
const PREFLIGHT_MAX_AGE = 600;

const ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Remembers which methods each path answers to. To be called before the routes are registered. */
export function collectMethods(fastify: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  fastify.addHook('onRoute', (route: RouteOptions) => {
    const known = methods.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  return methods;
}

/**
 * Answers OPTIONS on every known path with 204 and `Allow`, and every other method that the path does not have with
 * 405. To be called after the routes are registered.
 */
export function answerOtherMethods(fastify: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
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
      // Before the body is read: whatever it is, the method is wrong.
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
