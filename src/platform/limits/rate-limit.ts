import { Injectable } from '@nestjs/common';
import { InjectThrottlerStorage, normalizeIp, type ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppConfig } from '#config';
import { TooManyRequestsError } from '#platform/errors';
import { COUNTED_BY_BODY, requestContext, UNCOUNTED } from '#platform/request';

/** What `@nestjs/throttler` calls a limit that has no name. */
export const DEFAULT_LIMIT = 'default';

/** Counts requests: by the user whose token came with one, or else by its address (of IPv6, the /64 network). */
@Injectable()
export class RateLimit {
  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts from here on. To be called before the routes are registered, and after the hooks that tell whose token a
   * request came with: what Nest's guards never see, as an unknown route or a malformed body, counts too.
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
  private async count(reply: FastifyReply): Promise<void> {
    const { subject, ip = '' } = requestContext() ?? {};
    const client = subject === undefined ? `address:${normalizeIp(ip)}` : `user:${subject}`;
    const { max, windowMs } = this.config.rateLimit;
    const record = await this.storage.increment(client, windowMs, max, 0, DEFAULT_LIMIT);
    reply.header('ratelimit-limit', max);
    reply.header('ratelimit-remaining', Math.max(0, max - record.totalHits));
    reply.header('ratelimit-reset', record.timeToExpire);
    if (record.isBlocked) throw new TooManyRequestsError(Math.max(1, record.timeToBlockExpire));
  }

  /** Outside of the base path are the explorer, the API's description and the public keys. */
  private isCounted({ is404, routeOptions: { url, config } }: FastifyRequest): boolean {
    // The CORS plugin has a route of its own for OPTIONS on whatever there is not.
    if (is404 || url === '*') return true;
    return url?.startsWith(this.config.basePath) === true && !(UNCOUNTED in config);
  }
}

function isCountedByBody({ routeOptions: { config } }: FastifyRequest): boolean {
  return COUNTED_BY_BODY in config;
}
