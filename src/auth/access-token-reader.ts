import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import passport from 'passport';
import { DomainError, UnauthorizedError } from '#platform/errors';
import { type RequestContext, requestContext } from '#platform/request';
import { toTokenError, type TokenClaims } from './tokens.service.js';

/** Reads each request's access token, once, before it is routed. */
@Injectable()
export class AccessTokenReader {
  private readonly verdicts = new WeakMap<RequestContext, TokenClaims | DomainError>();

  /** Reads from here on. To be called before the routes are registered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request, reply) => {
      const context = requestContext();
      if (context === undefined || request.headers.authorization === undefined) return;
      const verdict = await verify(request, reply);
      this.verdicts.set(context, verdict);
      if (!(verdict instanceof DomainError)) context.subject = verdict.sub;
    });
  }

  /**
   * The claims of this request's token, which has not expired; whether its session goes on is another question.
   *
   * @throws UnauthorizedError
   */
  claims(): TokenClaims {
    const context = requestContext();
    const verdict = context === undefined ? undefined : this.verdicts.get(context);
    if (verdict === undefined) throw UnauthorizedError.noToken();
    if (verdict instanceof DomainError) throw verdict;
    if (verdict.exp * 1_000 <= Date.now()) throw UnauthorizedError.expiredToken();
    return verdict;
  }
}

function verify(request: FastifyRequest, reply: FastifyReply): Promise<TokenClaims | DomainError> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, claims: TokenClaims | false, info: unknown) =>
      resolve(error instanceof DomainError ? error : claims || refusal(info));
    passport.authenticate('jwt', { session: false }, done)(request, reply, reject);
  });
}

function refusal(info: unknown): DomainError {
  const missing = info instanceof Error && info.message === 'No auth token';
  return missing ? UnauthorizedError.noToken() : toTokenError(info);
}
