import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#config';
import { inTime } from '#platform/background';
import { isDatabaseUnavailable } from '#platform/postgres';
import { Transactions } from '#platform/events';
import { UnauthorizedError } from '#platform/errors';
import { RefreshUndecidedError } from './auth.errors.js';
import { RefreshTokenReused, SessionsEnded } from './auth.events.js';
import { type Session, sessionKey } from './session.js';
import { SessionsRepository } from './sessions.repository.js';
import type { TokenClaims } from './tokens.service.js';

/** After this (ms) the client is told to try again. A retry is safe, and an answer is due within a second. */
const TIME_LIMIT_MS = 600;

/** One try to exchange a token. */
interface Attempt {
  readonly presented: TokenClaims;
  /** `jti` of the token that it puts in the place of the presented one, if it succeeds. */
  readonly replacement: string;
  /** Whether the client of this exchange has been told to try again. */
  abandoned: boolean;
}

/** Exchanges refresh tokens (RFC 9700, section 4.14.2). */
@Injectable()
export class TokenRotationService {
  private readonly logger = new Logger(TokenRotationService.name);
  private readonly idleMs: number;
  /** How long the parent of a pair gets the pair again: in any case, and while the pair has not been used. */
  private readonly windows: { readonly graceMs: number; readonly retryMs: number };

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly transactions: Transactions,
    { tokens }: AppConfig,
  ) {
    this.idleMs = tokens.refreshTtlMs;
    this.windows = { graceMs: tokens.refreshGraceMs, retryMs: tokens.refreshRetryMs };
  }

  /**
   * Replaces the presented refresh token with a new one. Presented again, it gets the same replacement once more: within
   * the grace window because two tabs refresh at once, and later as long as the replacement has not been used, because its
   * answer got lost. Any other token was stolen and ends the session.
   *
   * @throws UnauthorizedError, RefreshUndecidedError
   */
  async exchange(presented: TokenClaims): Promise<Session> {
    const attempt: Attempt = { presented, replacement: randomUUID(), abandoned: false };
    try {
      return await inTime(this.decide(attempt), TIME_LIMIT_MS, () => new RefreshUndecidedError());
    } catch (error) {
      if (error instanceof RefreshUndecidedError || isDatabaseUnavailable(error)) attempt.abandoned = true;
      throw error;
    }
  }

  private async decide(attempt: Attempt): Promise<Session> {
    const { presented, replacement } = attempt;
    const rotated = await this.sessions.rotate(presented, replacement, this.idleMs);
    if (rotated !== undefined) return rotated;
    const session = await this.sessions.findByToken(presented, this.windows);
    if (session === undefined) throw UnauthorizedError.invalidToken();
    if (session.repeatable) return session;
    // Not stolen either if the client was told to try again and its retry came first.
    if (!attempt.abandoned) await this.endStolen(session);
    throw UnauthorizedError.invalidToken();
  }

  private async endStolen({ id, userId }: Session): Promise<void> {
    await this.transactions.run(async (transaction) => {
      // Of several that come at once, one ends it.
      if (!(await this.sessions.end(id, 'refresh_token_reused', transaction.db))) return;
      transaction.forget(sessionKey(id));
      await transaction.publish(new RefreshTokenReused(userId, id));
      await transaction.publish(new SessionsEnded(userId, [id], 'refresh_token_reused'));
    });
    this.logger.warn(`A refresh token of session ${id} was used again: the session has ended`);
  }
}
