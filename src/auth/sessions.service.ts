import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RolePermissions } from '../access/index.js';
import { AppConfig } from '../config/index.js';
import { Cache } from '../platform/cache/index.js';
import { type Transaction, Transactions } from '../platform/database/index.js';
import { UnauthorizedError } from '../platform/errors/index.js';
import { EventBus } from '../platform/events/event-bus.js';
import type { Principal } from '../platform/http/principal.js';
import { requestContext } from '../platform/http/request-context.js';
import {
  UserDeleted,
  UserPasswordChanged,
  UserPasswordReset,
  UserRolesChanged,
  UserStatusChanged,
} from '../users/index.js';
import { SessionsEnded, SessionStatesOutdated } from './auth.events.js';
import type { EndReason, Session } from './session.js';
import { type SessionLifetimes, SessionsRepository } from './sessions.repository.js';
import type { TokenClaims } from './tokens.service.js';

const STATE_TTL_MS = 60_000;
const MAX_USER_AGENT_LENGTH = 512;

/** Logins: PostgreSQL knows which go on, the cache keeps a copy for the guard. */
@Injectable()
export class SessionsService implements OnModuleInit {
  private readonly lifetimes: SessionLifetimes;
  private readonly graceMs: number;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly transactions: Transactions,
    private readonly cache: Cache,
    private readonly events: EventBus,
    private readonly rolePermissions: RolePermissions,
    { tokens }: AppConfig,
  ) {
    this.lifetimes = { idleMs: tokens.refreshTtlMs, maxAgeMs: tokens.sessionMaxAgeMs };
    this.graceMs = tokens.refreshGraceMs;
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
    this.events.onCommit(SessionStatesOutdated, ({ sessionIds }) => this.cache.invalidate(...sessionIds.map(cacheKey)));
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
    const state = await this.cache.getOrLoad(cacheKey(sid), STATE_TTL_MS, () => this.sessions.findState(sid));
    if (state === undefined || state.userId !== sub || new Date(state.endsAt).getTime() <= Date.now()) {
      throw UnauthorizedError.invalidToken();
    }
    const permissions = await this.rolePermissions.permissionsOf(state.roles);
    return { userId: sub, sessionId: sid, roles: state.roles, permissions };
  }

  /**
   * Rotates the refresh token (RFC 9700, section 4.14.2). The token that was current until a moment ago gets its
   * replacement once more, as two tabs refresh at once and answers get lost; any older one is a stolen one, and
   * ends the session.
   *
   * @throws UnauthorizedError
   */
  async refresh(presented: TokenClaims): Promise<Session> {
    const rotated = await this.sessions.rotate(presented, randomUUID(), this.lifetimes.idleMs);
    if (rotated !== undefined) return rotated;
    const session = await this.sessions.findForReplay(presented, this.graceMs);
    if (session === undefined) throw UnauthorizedError.invalidToken();
    if (session.replay) return session;
    await this.end(session.id, 'refresh_token_reused');
    throw UnauthorizedError.invalidToken();
  }

  async end(id: string, reason: EndReason): Promise<void> {
    await this.transactions.run(async (transaction) => {
      if (await this.sessions.end(id, reason, transaction.db)) await transaction.publish(new SessionsEnded([id]));
    });
  }

  private async endAllOf(
    userId: string,
    reason: EndReason,
    exceptId: string | undefined,
    transaction: Transaction,
  ): Promise<void> {
    const ended = await this.sessions.endAllOf(userId, reason, exceptId, transaction.db);
    if (ended.length > 0) await transaction.publish(new SessionsEnded(ended));
  }
}

function cacheKey(sessionId: string): string {
  return `session:${sessionId}`;
}
