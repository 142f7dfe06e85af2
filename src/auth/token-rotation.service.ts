import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#config';
import { Cache } from '#platform/cache';
import { isDatabaseUnavailable, PrismaService } from '#platform/database';
import { Transactions } from '#platform/events';
import { UnauthorizedError } from '#platform/errors';
import { RedisClient } from '#platform/redis';
import { RefreshUndecidedError } from './auth.errors.js';
import { RefreshTokenReused, SessionsEnded } from './auth.events.js';
import { type Session, sessionKey } from './session.js';
import { SessionsRepository } from './sessions.repository.js';
import type { TokenClaims } from './tokens.service.js';

/** How long a database may say nothing at all, in milliseconds: a client is told within a second. */
const SILENCE_MS = 600;
/** How long an exchange that the database left undecided is remembered, in milliseconds. */
const UNDECIDED_TTL_MS = 60 * 60_000;

/** One try to exchange a token. */
interface Attempt {
  readonly presented: TokenClaims;
  /** `jti` of the token that it puts in the place of the presented one, if it succeeds. */
  readonly replacement: string;
  /** Whether its client has been told to try again. */
  abandoned: boolean;
}

/** Exchanges refresh tokens (RFC 9700, section 4.14.2). */
@Injectable()
export class TokenRotationService {
  private readonly logger = new Logger(TokenRotationService.name);
  private readonly idleMs: number;
  private readonly graceMs: number;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly transactions: Transactions,
    private readonly cache: Cache,
    @Inject(RedisClient) private readonly redis: RedisClient | undefined,
    private readonly prisma: PrismaService,
    { tokens }: AppConfig,
  ) {
    this.idleMs = tokens.refreshTtlMs;
    this.graceMs = tokens.refreshGraceMs;
  }

  /**
   * Puts a new refresh token in the place of the presented one. The token that was current until a moment ago gets its
   * replacement once more, as two tabs refresh at once and answers get lost; any older one was stolen, and ends the
   * session.
   *
   * @throws UnauthorizedError, RefreshUndecidedError
   */
  async exchange(presented: TokenClaims): Promise<Session> {
    const attempt: Attempt = { presented, replacement: randomUUID(), abandoned: false };
    try {
      return await this.unlessSilent(this.decide(attempt));
    } catch (error) {
      if (error instanceof RefreshUndecidedError || isDatabaseUnavailable(error)) {
        attempt.abandoned = true;
        await this.noteUndelivered(attempt);
      }
      throw error;
    }
  }

  private async decide(attempt: Attempt): Promise<Session> {
    const { presented, replacement } = attempt;
    const rotated = await this.sessions.rotate(presented, replacement, this.idleMs);
    if (rotated !== undefined) return rotated;
    const session = await this.sessions.findByToken(presented, this.graceMs);
    if (session === undefined) throw UnauthorizedError.invalidToken();
    if (session.inGrace) return session;
    // Its holder never got the answer, through no fault of theirs.
    if (session.isParent && (await this.wasUndelivered(session))) return session;
    // Nor was it stolen where its holder has been told to try again, and did so before this.
    if (!attempt.abandoned) await this.endStolen(session);
    throw UnauthorizedError.invalidToken();
  }

  /**
   * Waits for as long as the database is heard of: busy is not away.
   *
   * @throws RefreshUndecidedError
   */
  private async unlessSilent<T>(decision: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const silence = new Promise<never>((_, reject) => {
      const listen = (since: number) => {
        const left = since + SILENCE_MS - performance.now();
        // Past the timer, what arrived while this process was busy itself comes first.
        timer = setTimeout(() => setImmediate(() => decide(since)), left);
      };
      const decide = (since: number) => {
        if (this.prisma.lastAnswerAt <= since) reject(new RefreshUndecidedError());
        else if (!over) listen(this.prisma.lastAnswerAt);
      };
      listen(performance.now());
    });
    try {
      return await Promise.race([decision, silence]);
    } finally {
      over = true;
      clearTimeout(timer);
    }
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

  /** The exchange may have been committed although nobody heard of it: for the retry, whichever instance it reaches. */
  private async noteUndelivered({ replacement }: Attempt): Promise<void> {
    const { redis } = this;
    const key = undeliveredKey(replacement);
    if (redis === undefined) await this.cache.getOrLoad(key, UNDECIDED_TTL_MS, async () => true);
    // Without the database, the cache keeps nothing.
    else await redis.attempt((commands) => commands.set(redis.prefix + key, '1', 'PX', UNDECIDED_TTL_MS));
  }

  /** Whether the session's current token is one that nobody was given. */
  private async wasUndelivered({ tokenId }: Session): Promise<boolean> {
    const { redis } = this;
    const key = undeliveredKey(tokenId);
    if (redis !== undefined) return (await redis.attempt((commands) => commands.exists(redis.prefix + key))) === 1;
    return (await this.cache.getOrLoad<boolean>(key, UNDECIDED_TTL_MS, async () => undefined)) === true;
  }
}

function undeliveredKey(tokenId: string): string {
  return `refresh-undelivered:${tokenId}`;
}
