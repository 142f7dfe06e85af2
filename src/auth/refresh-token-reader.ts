import { Injectable } from '@nestjs/common';
import type { preValidationHookHandler } from 'fastify';
import { UnauthorizedError } from '#platform/errors';
import { COUNTED_BY_BODY, type RequestContext, requestContext } from '#platform/request';
import { RefreshCookie } from './refresh-cookie.js';
import { type TokenClaims, TokensService } from './tokens.service.js';

/** Verifies the refresh token in a body or in the cookie, once, before the rate limit counts the request for its user. */
@Injectable()
export class RefreshTokenReader {
  private readonly verdicts = new WeakMap<RequestContext, TokenClaims | UnauthorizedError>();

  constructor(
    private readonly tokens: TokensService,
    private readonly cookie: RefreshCookie,
  ) {}

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

  /**
   * The claims of the refresh token in the cookie, for a route that takes it in place of an access token.
   *
   * @returns `undefined` where there is no cookie that counts
   * @throws UnauthorizedError
   */
  claimsOfCookie(): TokenClaims | undefined {
    const token = this.cookie.token();
    return token === undefined ? undefined : this.tokens.readRefreshToken(token);
  }

  private readBody(body: unknown, context: RequestContext): void {
    // An access token in the same request is ignored.
    delete context.subject;
    const fields = { ...(body as { refreshToken?: unknown } | undefined) };
    // A token in the body wins, and a body that is wrong is not repaired by a cookie.
    const refreshToken = Object.keys(fields).length === 0 ? this.cookie.token() : fields.refreshToken;
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
