import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import passport from 'passport';
import { DomainError, UnauthorizedError } from '#platform/errors';
import { type RequestContext, requestContext } from '#platform/request';
import { toTokenError, type TokenClaims } from './tokens.service.js';

/** Reads and verifies each request's access token, once. */
@Injectable()
export class AccessTokenReader {
  private readonly verdicts = new WeakMap<RequestContext, TokenClaims | DomainError>();

  /** Fastify onRequest hook. */
  readonly read = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const context = requestContext();
    if (context === undefined || request.headers.authorization === undefined) return;
    // The rate limit does not count it, so it must cost nothing.
    if (request.method === 'OPTIONS' && !request.is404) return;
    const verdict = await verify(request, reply);
    this.verdicts.set(context, verdict);
    if (!(verdict instanceof DomainError) && !isExpired(verdict)) context.subject = verdict.sub;
  };

  /**
   * The claims of this request's token, which has not expired; its session may have ended.
   *
   * @throws UnauthorizedError
   */
  claims(): TokenClaims {
    const context = requestContext();
    const verdict = context === undefined ? undefined : this.verdicts.get(context);
    if (verdict === undefined) throw UnauthorizedError.noToken();
    if (verdict instanceof DomainError) throw verdict;
    if (isExpired(verdict)) throw UnauthorizedError.expiredToken();
    return verdict;
  }
}

function isExpired({ exp }: TokenClaims): boolean {
  return exp * 1_000 <= Date.now();
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
