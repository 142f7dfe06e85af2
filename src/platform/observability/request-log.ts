import type { onRequestHookHandler, onResponseHookHandler } from 'fastify';
import type { Logger as Pino } from 'pino';
import { requestContext } from '#platform/request';
import { standardOutput } from './standard-output.js';

/** Fastify onRequest hook: keeps requests from making more lines than standard output takes. */
export const waitForLog: onRequestHookHandler = (_request, _reply, done) => {
  if (standardOutput.isFull) void standardOutput.room().finally(done);
  else done();
};

/** Fastify onResponse hook: one line per request. It logs the route's pattern, because a path may hold anything. */
export function logRequests(logger: Pino): onResponseHookHandler {
  return (request, reply, done) => {
    const { principal, denied } = requestContext() ?? {};
    logger.info(
      {
        requestId: request.id,
        method: request.method,
        route: request.is404 ? null : (request.routeOptions.url ?? null),
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 100) / 100,
        userId: principal?.userId ?? null,
        ...(denied === undefined ? {} : { denied }),
      },
      'request',
    );
    done();
  };
}
