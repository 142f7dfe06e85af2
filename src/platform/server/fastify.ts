import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import compress from '@fastify/compress';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger as Pino } from 'pino';
import type { AppConfig } from '#config';
import { logRequests } from '#platform/observability';
import {
  answerNotModified,
  applyBodyLimit,
  MAX_BODY_BYTES,
  ONE_BY_ONE,
  RequestContext,
  requestContext,
  runInRequestContext,
} from '#platform/request';
import { answerClientError } from './client-error.js';
import { parseBody, parseQuery } from '#platform/input';
import { ClientGoneError } from '#platform/limits';
import { type Ahead, Turnstile } from './turnstile.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;
/** Milliseconds until a head, or a head and body, must have arrived. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for connections past these; its default would cut them half a minute late. */
const TIMEOUT_CHECK_MS = 1_000;
/** Between two arrivals at a route that takes its requests one by one, in milliseconds: twice what one of them costs. */
const ARRIVAL_INTERVAL_MS = 2;
const MAX_ARRIVALS = 10_000;
/** Between two that go on, in milliseconds: what the event loop spends on a login. */
const ONE_BY_ONE_INTERVAL_MS = 4;
/** Smaller answers cost more to compress than to send. */
const COMPRESSION_THRESHOLD_BYTES = 1_024;
/** Over what Node takes for a whole head, so that a long id is refused like any other wrong one. */
const MAX_PARAM_LENGTH = 32_768;

const EXPOSED_HEADERS = [
  'ETag',
  'Location',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Request-Id',
  'X-Device-Token',
  'Idempotency-Replayed',
];
export function createAdapter({ trustedProxies }: AppConfig): FastifyAdapter {
  return new FastifyAdapter({
    genReqId: requestId,
    requestIdHeader: false,
    logger: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    clientErrorHandler: answerClientError,
    // What has come in when the drain begins is served; only new connections are refused.
    return503OnClosing: false,
    skipMiddie: true,
    routerOptions: { querystringParser: parseQuery, maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: ({ url = '/' }) => literalUnlessDecodable(url),
  });
}

/** Everything that happens around Nest's handlers. To be called before the routes are registered. */
export async function frame(fastify: FastifyInstance, config: AppConfig, logger: Pino): Promise<void> {
  // First of all, also for who is refused later: many that arrive at once would hold up everybody with nothing but their
  // beginnings.
  const arrivals = new Turnstile(ARRIVAL_INTERVAL_MS, { busy: false, room: MAX_ARRIVALS });
  fastify.addHook('onRequest', async ({ routeOptions: { config: route }, socket }) => {
    if (!(ONE_BY_ONE in route)) return;
    await arrivals.pass();
    if (socket.destroyed) throw new ClientGoneError();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    // The route's own path: the one that was sent may be spelled in many ways.
    if (request.routeOptions.url?.startsWith(config.basePath)) reply.header('cache-control', 'no-store');
    runInRequestContext(new RequestContext(request), done);
  });
  fastify.addHook('onRoute', applyBodyLimit);
  fastify.addHook('onResponse', logRequests(logger));
  // At the end, as a CORS preflight is answered before any onRequest hook of ours.
  fastify.addHook('onSend', async (request, reply) => void reply.header('x-request-id', request.id));
  fastify.addHook('onSend', answerNotModified);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, parseBody);
  await fastify.register(compress, {
    threshold: COMPRESSION_THRESHOLD_BYTES,
    encodings: ['br', 'gzip'],
    globalDecompression: false,
  });
}

/**
 * To be called after the rate limit: who is refused by that is to keep nobody waiting.
 *
 * @param hashes what the requests that come one by one are in front of
 */
export function letInOneByOne(fastify: FastifyInstance, hashes: Ahead): void {
  const turnstile = new Turnstile(ONE_BY_ONE_INTERVAL_MS, hashes);
  fastify.addHook('onRequest', async ({ routeOptions: { config } }) => {
    if (ONE_BY_ONE in config) await turnstile.pass(requestContext()?.signal);
  });
}

export function secure(app: NestFastifyApplication, { corsOrigins }: AppConfig): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        // The explorer's page brings its style with it.
        'style-src': ["'self'", "'unsafe-inline'"],
      },
    },
    xFrameOptions: { action: 'deny' },
  });
  app.enableCors({
    origin: (origin: string | undefined, allow: (error: Error | null, allowed: boolean) => void) =>
      allow(null, origin !== undefined && corsOrigins.includes(origin)),
    exposedHeaders: EXPOSED_HEADERS,
    credentials: true,
    // The OPTIONS routes answer, as only they know which methods a path has.
    preflight: false,
  });
}

function requestId({ headers }: { headers: IncomingHttpHeaders }): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();
}

/**
 * Takes the percent signs of a path that cannot be decoded for themselves. The router would answer it on its own,
 * before any hook and guard; so it is an unknown route or a wrong id like any other.
 */
function literalUnlessDecodable(url: string): string {
  const [path = '', ...query] = url.split(/(?=\?)/);
  try {
    decodeURIComponent(path);
    return url;
  } catch {
    return path.replaceAll('%', '%25') + query.join('');
  }
}
