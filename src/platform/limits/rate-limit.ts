import { Injectable } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import type {
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  preValidationHookHandler,
  RouteOptions,
} from 'fastify';
import { AppConfig } from '#config';
import { TooManyRequestsError } from '#platform/errors';
import { COUNTED_BY_BODY, endHook, requestContext, UNCOUNTED } from '#platform/request';
import { RequestCounter } from './request-counter.js';

const LIMIT_HEADER = 'ratelimit-limit';

/** Counts requests by the user of their access token, or else by their address (an IPv6 address by its /64 network). */
@Injectable()
export class RateLimit {
  constructor(
    private readonly counter: RequestCounter,
    private readonly config: AppConfig,
  ) {}

  /** Fastify onRequest hook. What Nest's guards never see, such as an unknown route or a malformed body, counts too. */
  readonly countRequest: onRequestHookHandler = (request, reply, done) => {
    if (!this.isCounted(request) || isCountedByBody(request)) return done();
    endHook(done, this.count(reply, requestContext()?.subject));
  };

  /** Fastify preValidation hook, for routes whose body names the client. */
  readonly countBody: preValidationHookHandler = (request, reply, done) => {
    if (!isCountedByBody(request)) return done();
    endHook(done, this.count(reply, requestContext()?.subject));
  };

  /** Fastify onRoute hook: a body that should name the client, but cannot be read, counts for the address. */
  readonly countUnreadable = (route: RouteOptions): void => {
    if (!(COUNTED_BY_BODY in { ...route.config })) return;
    route.errorHandler = (error, _request, reply) => void this.countUnread(error, reply);
  };

  private async countUnread(error: Error, reply: FastifyReply): Promise<void> {
    try {
      if (!reply.hasHeader(LIMIT_HEADER)) await this.count(reply, undefined);
      reply.send(error);
    } catch (refusal) {
      reply.send(refusal);
    }
  }

  /**
   * @param subject the user whose token came with the request
   * @throws TooManyRequestsError
   */
  private async count(reply: FastifyReply, subject: string | undefined): Promise<void> {
    const client = subject === undefined ? `address:${normalizeIp(requestContext()?.ip ?? '')}` : `user:${subject}`;
    const { max } = this.config.rateLimit;
    const { counted, hits, endsInMs } = await this.counter.count(`requests:${client}`, this.config.rateLimit);
    const seconds = Math.ceil(endsInMs / 1_000);
    reply.header(LIMIT_HEADER, max);
    reply.header('ratelimit-remaining', Math.max(0, max - hits));
    reply.header('ratelimit-reset', seconds);
    if (!counted) throw new TooManyRequestsError(Math.max(1, seconds));
  }

  /**
   * The explorer, the API's description and the public keys, outside the base path, are not counted. Nor is OPTIONS on a
   * known path: a browser shows a preflight that was refused as a network error.
   */
  private isCounted({ is404, method, routeOptions: { url, config } }: FastifyRequest): boolean {
    // The CORS plugin has a route of its own for OPTIONS on every unknown path.
    if (is404 || url === '*') return true;
    return method !== 'OPTIONS' && url?.startsWith(this.config.basePath) === true && !(UNCOUNTED in config);
  }
}

function isCountedByBody({ routeOptions: { config } }: FastifyRequest): boolean {
  return COUNTED_BY_BODY in config;
}
