import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AppConfig } from '#config';
import { DomainError, NotFoundError, UnsupportedMediaTypeError } from '#platform/errors';
import { parseQuery } from '#platform/input';
import { MAX_BODY_BYTES } from '#platform/request';
import { answerClientError } from './client-error.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;
/** Milliseconds until a head, or a head and body, must have arrived. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Milliseconds without a byte after which a connection is closed, unless the server is working on its request. */
const STALL_TIMEOUT_MS = 30_000;
/** How often Node looks for connections past these; its default would close them half a minute late. */
const TIMEOUT_CHECK_MS = 1_000;
/** More than Node takes for a whole head, so that a long id is refused like any other wrong one. */
const MAX_PARAM_LENGTH = 32_768;

/** What Fastify and its plugins refuse themselves, by the status of their error. */
const REFUSALS: Readonly<Record<number, () => DomainError>> = {
  400: () => new DomainError('VALIDATION_ERROR', 'The request is malformed'),
  // The explorer's files answer 403 to a path that leads out of their folder.
  403: () => new NotFoundError('Route not found'),
  404: () => new NotFoundError('Route not found'),
  408: () => new DomainError('REQUEST_TIMEOUT', 'The request took too long to arrive'),
  413: () => new DomainError('PAYLOAD_TOO_LARGE', 'The body is too large'),
  415: () => new UnsupportedMediaTypeError(),
};

class Adapter extends FastifyAdapter {
  /** Nest would make an exception of its own of it, like those that extensions throw. */
  override mapException(error: unknown): unknown {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined;
    const refusal = status === undefined ? undefined : REFUSALS[status];
    return refusal === undefined || error instanceof DomainError ? super.mapException(error) : refusal();
  }
}

/** Fastify, with what has to be set before it exists. */
export function createAdapter({ trustedProxies }: AppConfig): FastifyAdapter {
  return new Adapter({
    genReqId: requestId,
    requestIdHeader: false,
    logger: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: STALL_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    clientErrorHandler: answerClientError,
    // Requests that arrived before the drain began are served; only new connections are refused.
    return503OnClosing: false,
    skipMiddie: true,
    routerOptions: { querystringParser: parseQuery, maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: ({ url = '/' }) => literalUnlessDecodable(url),
  });
}

function requestId({ headers }: { headers: IncomingHttpHeaders }): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();
}

/**
 * Escapes the percent signs of a path that cannot be decoded. The router would answer such a path itself, before any hook
 * and guard; escaped, it is an unknown route or a wrong id.
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
