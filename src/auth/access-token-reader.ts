import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { LRUCache } from 'lru-cache';
import passport from 'passport';
import { DomainError, UnauthorizedError } from '#platform/errors';
import { endHook, type RequestContext, requestContext } from '#platform/request';
import { toTokenError, type TokenClaims } from './tokens.service.js';

/** The most headers that are remembered, and their length in total: a client may pad one with blanks. */
const MAX_VERIFIED = 10_000;
const MAX_VERIFIED_LENGTH = 10_000_000;

/** Reads and verifies each request's access token, once. */
@Injectable()
export class AccessTokenReader {
  private readonly verdicts = new WeakMap<RequestContext, TokenClaims | DomainError>();
  /** The claims of verified tokens, by `Authorization` header. Keys are read once, at start; expiry is checked at every use. */
  private readonly verified = new LRUCache<string, TokenClaims>({
    max: MAX_VERIFIED,
    maxSize: MAX_VERIFIED_LENGTH,
    sizeCalculation: (_claims, header) => header.length,
  });

  /** Fastify onRequest hook. */
  readonly read: onRequestHookHandler = (request, reply, done) => {
    const context = requestContext();
    const { authorization } = request.headers;
    if (context === undefined || authorization === undefined) return done();
    // The rate limit does not count it, so it must cost nothing.
    if (request.method === 'OPTIONS' && !request.is404) return done();
    const known = this.verified.get(authorization);
    if (known === undefined) return endHook(done, this.verifyOnce(request, reply, authorization, context));
    this.keepVerdict(context, known);
    done();
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

  private async verifyOnce(
    request: FastifyRequest,
    reply: FastifyReply,
    header: string,
    context: RequestContext,
  ): Promise<void> {
    const verdict = await verify(request, reply);
    if (!(verdict instanceof DomainError)) this.verified.set(header, verdict);
    this.keepVerdict(context, verdict);
  }

  private keepVerdict(context: RequestContext, verdict: TokenClaims | DomainError): void {
    this.verdicts.set(context, verdict);
    if (!(verdict instanceof DomainError) && !isExpired(verdict)) context.subject = verdict.sub;
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
