import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ROLE_PERMISSIONS_KEY, RolePermissionsService } from '#access';
import { AppConfig } from '#config';
import { Cache } from '#platform/cache';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { UnauthorizedError } from '#platform/errors';
import { type Principal, requestContext } from '#platform/request';
import {
  profileKey,
  UserDeleted,
  UserPasswordChanged,
  UserPasswordReset,
  UserRolesChanged,
  UsersService,
  UserStatusChanged,
} from '#users';
import { SessionNotFoundError } from './auth.errors.js';
import { SessionsEnded, SessionStarted, SessionStatesOutdated } from './auth.events.js';
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
    private readonly rolePermissions: RolePermissionsService,
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
    this.events.onTransaction(UserPasswordReset, ({ user }, transaction) =>
      this.endAllOf(user.id, 'password_reset', undefined, transaction),
    );
    this.events.onTransaction(UserStatusChanged, async ({ before, after }, transaction) => {
      if (before.status === 'active') await this.endAllOf(after.id, 'user_not_active', undefined, transaction);
    });
    this.events.onTransaction(UserRolesChanged, async ({ userId }, transaction) => {
      const sessionIds = await this.sessions.findLiveIds(userId, transaction.db);
      await transaction.publish(new SessionStatesOutdated(sessionIds));
    });
    this.events.onSettled(SessionStatesOutdated, ({ sessionIds }) =>
      this.cache.invalidate(...sessionIds.map(cacheKey)),
    );
    this.events.onSettled(SessionsEnded, ({ sessionIds }) => this.cache.invalidate(...sessionIds.map(cacheKey)));
  }

  async start(userId: string, transaction: Transaction): Promise<Session> {
    const context = requestContext();
    const session = await this.sessions.insert(
      {
        userId,
        tokenId: randomUUID(),
        ip: context?.ip ?? null,
        userAgent: context?.userAgent?.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed() ?? null,
      },
      this.lifetimes,
      transaction.db,
    );
    await transaction.publish(new SessionStarted(userId, session.id));
    return session;
  }

  /** @throws UnauthorizedError unless the session that the access token belongs to goes on */
  async principalOf({ sid, sub }: TokenClaims): Promise<Principal> {
    const load = () => this.sessions.findState(sid);
    // Asked for next: what the roles may do, and by most requests the user itself.
    const alongside = [ROLE_PERMISSIONS_KEY, profileKey(sub)];
    const state = await this.cache.getOrLoad(cacheKey(sid), STATE_TTL_MS, load, alongside);
    if (state === undefined || state.userId !== sub || new Date(state.endsAt).getTime() <= Date.now()) {
      throw UnauthorizedError.invalidToken();
    }
    const permissions = await this.rolePermissions.permissionsOf(state.roles);
    return { userId: sub, sessionId: sid, roles: state.roles, permissions };
  }

  /** Ends the session of whoever asks. */
  async logOut({ userId, sessionId }: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const wasLive = await this.sessions.end(sessionId, 'logout', transaction.db);
      // Also when it was over already: the acknowledgement of the one before may be what got lost.
      const event = wasLive ? new SessionsEnded(userId, [sessionId], 'logout') : new SessionStatesOutdated([sessionId]);
      await transaction.publish(event);
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
      await transaction.publish(new SessionsEnded(userId, [sessionId], 'revoked'));
    });
  }

  /**
   * Ends every session of a user but the one that asks.
   *
   * @throws UserNotFoundError, ForbiddenError
   */
  async endOthers(userId: string, by: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      await this.lockOther(userId, by, transaction);
      await this.endAllOf(userId, 'revoked', by.sessionId, transaction);
    });
  }

  /** Of somebody else: there must be one, and who may keep the caller from changing them has a say. */
  private async lockOther(userId: string, by: Principal, transaction: Transaction): Promise<void> {
    if (userId !== by.userId) await this.users.lockForChange(userId, transaction, undefined);
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
