import compress from '@fastify/compress';
import type { FastifyInstance, onRequestHookHandler, onSendHookHandler, preValidationHookHandler } from 'fastify';
import type { AppConfig } from '#config';
import type { Idempotency } from '#platform/idempotency';
import { parseBody } from '#platform/input';
import type { RateLimit } from '#platform/limits';
import { type Loggers, logRequests, waitForLog } from '#platform/observability';
import { answerNotModified, applyBodyLimit, RequestContext, runInRequestContext } from '#platform/request';
import { readForwardedFor, warnOfUntrustedProxy } from './forwarded-for.js';
import { type RouteMethods, noteMethods } from './methods.js';
import { closeWhileClientIsSilent } from './silent-connections.js';
import { refuseRepeatedHeaders } from './single-headers.js';

/** Smaller answers cost more to compress than to send. */
const COMPRESSION_THRESHOLD_BYTES = 1_024;

/** What the hooks run besides the platform's own code. */
export interface RequestParts {
  readonly config: AppConfig;
  readonly loggers: Loggers;
  /** Reads and verifies the access token. */
  readonly accessToken: onRequestHookHandler;
  /** Reads and verifies the refresh token of a body. */
  readonly refreshToken: preValidationHookHandler;
  readonly rateLimit: RateLimit;
  readonly idempotency: Idempotency;
  /** For requests that hash passwords. */
  readonly hashGate: {
    /** Spreads what arrives at once. */
    readonly arrive: onRequestHookHandler;
    /** Frees the place of a request that was answered without a hash. The route's interceptor took it. */
    readonly leave: onSendHookHandler;
  };
}

/**
 * Installs the hooks in the order in which a request meets them. Nest's guards, interceptors, pipes and handlers run
 * between preHandler and onSend. The hooks of CORS and of the security headers (security-headers.ts) run before these.
 *
 * @returns which methods each path answers to
 */
export async function installHooks(fastify: FastifyInstance, parts: RequestParts): Promise<RouteMethods> {
  const methods: RouteMethods = new Map();

  // When a route is registered
  fastify.addHook('onRoute', applyBodyLimit);
  fastify.addHook('onRoute', noteMethods(methods));
  fastify.addHook('onRoute', parts.rateLimit.countUnreadable);

  // When a head has arrived
  fastify.addHook('onRequest', waitForLog);
  fastify.addHook('onRequest', ({ raw: request }, { raw: response }, done) => {
    closeWhileClientIsSilent(request, response);
    done();
  });
  fastify.addHook('onRequest', parts.hashGate.arrive); // early: even 200 refusals (429) at once stall the event loop
  fastify.addHook('onRequest', forbidStoring(parts.config.basePath));
  fastify.addHook('onRequest', readForwardedFor);
  fastify.addHook('onRequest', warnOfUntrustedProxy(parts.loggers.logger));
  fastify.addHook('onRequest', (request, _reply, done) => runInRequestContext(new RequestContext(request), done));
  fastify.addHook('onRequest', parts.accessToken);
  fastify.addHook('onRequest', parts.rateLimit.countRequest); // before parsing: unknown routes count too
  fastify.addHook('onRequest', refuseRepeatedHeaders);

  // When the body is complete
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, parseBody);
  fastify.addHook('preValidation', parts.refreshToken);
  fastify.addHook('preValidation', parts.rateLimit.countBody);

  // When there is an answer
  fastify.addHook('onSend', parts.hashGate.leave);
  fastify.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id);
    done(null, payload);
  });
  fastify.addHook('onSend', parts.idempotency.settle);
  fastify.addHook('onSend', answerNotModified);
  await fastify.register(compress, {
    threshold: COMPRESSION_THRESHOLD_BYTES,
    encodings: ['br', 'gzip'],
    globalDecompression: false,
  });

  // When it has been sent
  fastify.addHook('onResponse', logRequests(parts.loggers.requests));
  return methods;
}

/** Decides by the route's own path, as the one that was sent may be spelled in many ways. */
function forbidStoring(basePath: string): onRequestHookHandler {
  return ({ routeOptions: { url } }, reply, done) => {
    if (url?.startsWith(basePath) === true) reply.header('cache-control', 'no-store');
    done();
  };
}
