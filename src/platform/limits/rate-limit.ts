import { Injectable } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { TooManyRequestsError } from '#platform/errors';
import { COUNTED_BY_BODY, requestContext, UNCOUNTED } from '#platform/request';
import { RequestCounter } from './request-counter.js';

/** Counts requests by the user of their access token, or else by their address (an IPv6 address by its /64 network). */
@Injectable()
export class RateLimit {
  constructor(
    private readonly counter: RequestCounter,
    private readonly config: AppConfig,
  ) {}

  /**
   * Installs the hooks. Call it before the routes are registered, and after the hooks that read the tokens: what Nest's
   * guards never see (an unknown route, a malformed body) counts too.
   */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request, reply) => {
      if (this.isCounted(request) && !isCountedByBody(request)) await this.count(reply);
    });
    fastify.addHook('preParsing', async (request, reply) => {
      if (isCountedByBody(request)) await this.count(reply);
    });
  }

  /** @throws TooManyRequestsError */
  async count(reply: FastifyReply): Promise<void> {
    const { subject, ip = '' } = requestContext() ?? {};
    const client = subject === undefined ? `address:${normalizeIp(ip)}` : `user:${subject}`;
    const { max } = this.config.rateLimit;
    const { counted, hits, endsInMs } = await this.counter.count(`requests:${client}`, this.config.rateLimit);
    const seconds = Math.ceil(endsInMs / 1_000);
    reply.header('ratelimit-limit', max);
    reply.header('ratelimit-remaining', Math.max(0, max - hits));
    reply.header('ratelimit-reset', seconds);
    if (!counted) throw new TooManyRequestsError(Math.max(1, seconds));
  }

  /** The explorer, the API's description and the public keys, outside the base path, are not counted. */
  private isCounted({ is404, routeOptions: { url, config } }: FastifyRequest): boolean {
    // The CORS plugin has a route of its own for OPTIONS on every unknown path.
    if (is404 || url === '*') return true;
    return url?.startsWith(this.config.basePath) === true && !(UNCOUNTED in config);
  }
}

function isCountedByBody({ routeOptions: { config } }: FastifyRequest): boolean {
  return COUNTED_BY_BODY in config;
}
