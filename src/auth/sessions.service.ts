import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RolePermissionsService } from '#access';
import { AppConfig } from '#config';
import { Cache } from '#platform/cache';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { UnauthorizedError } from '#platform/errors';
import { type Principal, requestContext } from '#platform/request';
import {
  UserDeleted,
  UserPasswordChanged,
  UserPasswordReset,
  UserRolesChanged,
  UsersService,
  UserStatusChanged,
} from '#users';
import { SessionNotFoundError } from './auth.errors.js';
import { SessionsEnded, SessionStarted } from './auth.events.js';
import { type EndReason, type Session, sessionKey } from './session.js';
import { type SessionLifetimes, type SessionState, SessionsRepository } from './sessions.repository.js';
import { type TokenClaims, tokenNumberOf } from './tokens.service.js';

/** How long the cache keeps the state of a session, in milliseconds. */
const STATE_TTL_MS = 30_000;

/** Sessions: PostgreSQL knows which are live, the cache keeps a copy for the guard. */
@Injectable()
export class SessionsService implements OnModuleInit {
  private readonly lifetimes: SessionLifetimes;
  private readonly maxPerUser: number;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly users: UsersService,
    private readonly transactions: Transactions,
    private readonly cache: Cache,
    private readonly events: EventBus,
    private readonly rolePermissions: RolePermissionsService,
    { tokens }: AppConfig,
  ) {
    this.lifetimes = { idleMs: tokens.refreshTtlMs, maxAgeMs: tokens.sessionMaxAgeMs };
    this.maxPerUser = tokens.sessionsPerUser;
  }

  onModuleInit(): void {
    this.events.withinTransaction(UserDeleted, ({ before }, transaction) =>
      this.endAllOf(before.id, 'user_deleted', undefined, transaction),
    );
    this.events.withinTransaction(UserPasswordChanged, ({ userId, sessionId }, transaction) =>
      this.endAllOf(userId, 'password_changed', sessionId, transaction),
    );
    this.events.withinTransaction(UserPasswordReset, ({ user }, transaction) =>
      this.endAllOf(user.id, 'password_reset', undefined, transaction),
    );
    this.events.withinTransaction(UserStatusChanged, async ({ before, after }, transaction) => {
      if (before.status === 'active') await this.endAllOf(after.id, 'user_not_active', undefined, transaction);
    });
    this.events.withinTransaction(UserRolesChanged, async ({ after }, transaction) => {
      for (const id of await this.sessions.findLiveIds(after.id, transaction.db)) transaction.forget(sessionKey(id));
    });
  }

  /** Ends the session that has been unused for longest if there are too many. The caller has locked the user. */
  async start(userId: string, transaction: Transaction): Promise<Session> {
    const context = requestContext();
    const session = await this.sessions.insert(
      {
        userId,
        tokenId: randomUUID(),
        ip: context?.ip ?? null,
        userAgent: context?.userAgent ?? null,
      },
      this.lifetimes,
      transaction.db,
    );
    await transaction.publish(new SessionStarted(userId, session.id));
    const beyond = await this.sessions.endBeyond(this.maxPerUser, userId, session.id, transaction.db);
    const actor = { userId, sessionId: session.id };
    await this.noteEnded(new SessionsEnded(userId, beyond, 'session_limit', actor), transaction);
    return session;
  }

  /** @throws UnauthorizedError unless the access token's session is live */
  async principalOf({ sid, sub, jti }: TokenClaims): Promise<Principal> {
    const state = await this.liveState(sid, sub);
    const tokenNumber = tokenNumberOf(jti);
    if (isFirstUse(tokenNumber, state)) await this.noteUse(sid, tokenNumber);
    return this.principal(sid, state);
  }

  /** @throws UnauthorizedError unless the refresh token's session is live */
  async principalOfRefreshToken({ sid, sub }: TokenClaims): Promise<Principal> {
    return this.principal(sid, await this.liveState(sid, sub));
  }

  private async liveState(sid: string, userId: string): Promise<SessionState> {
    const load = () => this.sessions.findState(sid);
    const state = await this.cache.getOrLoad(sessionKey(sid), STATE_TTL_MS, load);
    // By this process's clock, as no statement is made for cached state, which may be from before the end.
    if (state === undefined || state.userId !== userId || new Date(state.endsAt).getTime() <= Date.now()) {
      throw UnauthorizedError.invalidToken();
    }
    return state;
  }

  private async principal(sessionId: string, { userId, roles }: SessionState): Promise<Principal> {
    return { userId, sessionId, roles, permissions: await this.rolePermissions.permissionsOf(roles) };
  }

  /**
   * Notes in the database the first use of a pair's access token, before the request is answered: from then on, the pair's
   * parent is a stolen token.
   */
  private async noteUse(id: string, tokenNumber: number): Promise<void> {
    await this.sessions.markUsed(id, tokenNumber);
    await this.cache.invalidate([sessionKey(id)]);
  }

  /** Ends the caller's own session. */
  async logOut({ userId, sessionId }: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const wasLive = await this.sessions.end(sessionId, 'logout', transaction.db);
      // Also if the session had ended before: an earlier logout may have failed before it invalidated the cache.
      transaction.forget(sessionKey(sessionId));
      if (wasLive) await transaction.publish(new SessionsEnded(userId, [sessionId], 'logout'));
    });
  }

  /**
   * Ends one session of a user.
   *
   * @throws UserNotFoundError, ForbiddenError, SessionNotFoundError
   */
  async end(userId: string, sessionId: string, by: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      await this.lockOther(userId, by, transaction);
      const wasLive = await this.sessions.endOf(userId, sessionId, 'revoked', transaction.db);
      if (!wasLive) throw new SessionNotFoundError();
      transaction.forget(sessionKey(sessionId));
      await transaction.publish(new SessionsEnded(userId, [sessionId], 'revoked'));
    });
  }

  /**
   * Ends every session of a user except the caller's own.
   *
   * @throws UserNotFoundError, ForbiddenError
   */
  async endOthers(userId: string, by: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      await this.lockOther(userId, by, transaction);
      await this.endAllOf(userId, 'revoked', by.sessionId, transaction);
    });
  }

  /** Another user must exist, and the caller must be allowed to change them. */
  private async lockOther(userId: string, by: Principal, transaction: Transaction): Promise<void> {
    if (userId !== by.userId) await this.users.lockForChange(userId, { by }, transaction);
  }

  private async endAllOf(
    userId: string,
    reason: EndReason,
    exceptId: string | undefined,
    transaction: Transaction,
  ): Promise<void> {
    const ended = await this.sessions.endAllOf(userId, reason, exceptId, transaction.db);
    await this.noteEnded(new SessionsEnded(userId, ended, reason), transaction);
  }

  private async noteEnded(event: SessionsEnded, transaction: Transaction): Promise<void> {
    for (const id of event.sessionIds) transaction.forget(sessionKey(id));
    if (event.sessionIds.length > 0) await transaction.publish(event);
  }
}

/** Cached state older than the token says nothing about its use, so this counts as the first one. */
function isFirstUse(tokenNumber: number, state: SessionState): boolean {
  return tokenNumber > state.tokenNumber || (tokenNumber === state.tokenNumber && !state.tokenUsed);
}
