import { Injectable } from '@nestjs/common';
import type { preValidationHookHandler } from 'fastify';
import { UnauthorizedError } from '#platform/errors';
import { COUNTED_BY_BODY, type RequestContext, requestContext } from '#platform/request';
import { type TokenClaims, TokensService } from './tokens.service.js';

/** Verifies the refresh token in a body, once, before the rate limit counts the request for its user. */
@Injectable()
export class RefreshTokenReader {
  private readonly verdicts = new WeakMap<RequestContext, TokenClaims | UnauthorizedError>();

  constructor(private readonly tokens: TokensService) {}

  /** Fastify preValidation hook. */
  readonly read: preValidationHookHandler = ({ body, routeOptions: { config } }, _reply, done) => {
    const context = requestContext();
    if (context !== undefined && COUNTED_BY_BODY in config) this.readBody(body, context);
    done();
  };

  /**
   * The claims of this request's refresh token, which has not expired; its session may have ended.
   *
   * @throws UnauthorizedError
   */
  claims(): TokenClaims {
    const context = requestContext();
    const verdict = context === undefined ? undefined : this.verdicts.get(context);
    if (verdict === undefined) throw UnauthorizedError.noToken();
    if (verdict instanceof UnauthorizedError) throw verdict;
    return verdict;
  }

  private readBody(body: unknown, context: RequestContext): void {
    // An access token in the same request is ignored.
    delete context.subject;
    const { refreshToken }: { refreshToken?: unknown } = { ...(body as object | undefined) };
    if (typeof refreshToken !== 'string') return;
    const verdict = this.verify(refreshToken.trim());
    this.verdicts.set(context, verdict);
    if (!(verdict instanceof UnauthorizedError)) context.subject = verdict.sub;
  }

  private verify(refreshToken: string): TokenClaims | UnauthorizedError {
    try {
      return this.tokens.readRefreshToken(refreshToken);
    } catch (error) {
      if (error instanceof UnauthorizedError) return error;
      throw error;
    }
  }
}
