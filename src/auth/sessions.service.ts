import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { permissionsOf } from '../access/index.js';
import { AppConfig } from '../config/index.js';
import { Cache } from '../platform/cache/index.js';
import { type Transaction, Transactions } from '../platform/database/index.js';
import { UnauthorizedError } from '../platform/errors/index.js';
import { EventBus } from '../platform/events/event-bus.js';
import type { Principal } from '../platform/http/principal.js';
import { requestContext } from '../platform/http/request-context.js';
import { profileKey, UserDeleted, UserPasswordChanged, UsersService } from '../users/index.js';
import { SessionNotFoundError } from './auth.errors.js';
import { SessionsEnded } from './auth.events.js';
import type { EndReason, Session } from './session.js';
import { type SessionLifetimes, SessionsRepository } from './sessions.repository.js';
import type { TokenClaims } from './tokens.service.js';

/** How long Redis keeps who a session is, in milliseconds. */
const STATE_TTL_MS = 30_000;
const MAX_USER_AGENT_LENGTH = 512;

/** Logins: PostgreSQL knows which go on, the cache keeps a copy for the guard. */
@Injectable()
export class SessionsService implements OnModuleInit {
  private readonly lifetimes: SessionLifetimes;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly users: UsersService,
    private readonly transactions: Transactions,
    private readonly cache: Cache,
    private readonly events: EventBus,
    { tokens }: AppConfig,
  ) {
    this.lifetimes = { idleMs: tokens.refreshTtlMs, maxAgeMs: tokens.sessionMaxAgeMs };
  }

  onModuleInit(): void {
    this.events.onTransaction(UserDeleted, ({ userId }, transaction) =>
      this.endAllOf(userId, 'user_deleted', undefined, transaction),
    );
    this.events.onTransaction(UserPasswordChanged, ({ userId, sessionId }, transaction) =>
      this.endAllOf(userId, 'password_changed', sessionId, transaction),
    );
    this.events.onCommit(SessionsEnded, ({ sessionIds }) => this.cache.invalidate(...sessionIds.map(cacheKey)));
  }

  async start(userId: string, { db }: Transaction): Promise<Session> {
    const context = requestContext();
    return this.sessions.insert(
      {
        userId,
        tokenId: randomUUID(),
        ip: context?.ip ?? null,
        userAgent: context?.userAgent?.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed() ?? null,
      },
      this.lifetimes,
      db,
    );
  }

  /** @throws UnauthorizedError unless the session that the access token belongs to goes on */
  async principalOf({ sid, sub }: TokenClaims): Promise<Principal> {
    const load = () => this.sessions.findState(sid);
    // Most requests ask for the user itself next.
    const state = await this.cache.getOrLoad(cacheKey(sid), STATE_TTL_MS, load, [profileKey(sub)]);
    if (state === undefined || state.userId !== sub || new Date(state.endsAt).getTime() <= Date.now()) {
      throw UnauthorizedError.invalidToken();
    }
    return { userId: sub, sessionId: sid, roles: state.roles, permissions: permissionsOf(state.roles) };
  }

  /** Ends the session of whoever asks. */
  async logOut({ userId, sessionId }: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      await this.sessions.end(sessionId, 'logout', transaction.db);
      // Also when it was over already: the acknowledgement of the one before may be what got lost.
      await transaction.publish(new SessionsEnded(userId, [sessionId], 'logout'));
    });
  }

  /**
   * Ends one session of a user.
   *
   * @throws UserNotFoundError, SessionNotFoundError
   */
  async end(userId: string, sessionId: string, by: Principal): Promise<void> {
    await this.assertUser(userId, by);
    await this.transactions.run(async (transaction) => {
      const went = await this.sessions.endOf(userId, sessionId, 'revoked', transaction.db);
      if (!went) throw new SessionNotFoundError();
      await transaction.publish(new SessionsEnded(userId, [sessionId], 'revoked'));
    });
  }

  /**
   * Ends every session of a user but the one that asks.
   *
   * @throws UserNotFoundError
   */
  async endOthers(userId: string, by: Principal): Promise<void> {
    await this.assertUser(userId, by);
    await this.transactions.run((transaction) => this.endAllOf(userId, 'revoked', by.sessionId, transaction));
  }

  private async assertUser(userId: string, by: Principal): Promise<void> {
    if (userId !== by.userId) await this.users.get(userId);
  }

  private async endAllOf(
    userId: string,
    reason: EndReason,
    exceptId: string | undefined,
    transaction: Transaction,
  ): Promise<void> {
    const ended = await this.sessions.endAllOf(userId, reason, exceptId, transaction.db);
    if (ended.length > 0) await transaction.publish(new SessionsEnded(userId, ended, reason));
  }
}

function cacheKey(sessionId: string): string {
  return `session:${sessionId}`;
}
