import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '../platform/database/index.js';
import type { EndReason, Session } from './session.js';
import type { TokenClaims } from './tokens.service.js';

const SESSION_COLUMNS = {
  id: true,
  userId: true,
  tokenId: true,
  tokenIssuedAt: true,
  expiresAt: true,
  endsAt: true,
} satisfies Prisma.SessionSelect;

const SESSION_COLUMNS_SQL = Prisma.raw(`s.id, s.user_id AS "userId", s.token_id AS "tokenId",
  s.token_issued_at AS "tokenIssuedAt", s.expires_at AS "expiresAt", s.ends_at AS "endsAt"`);

/** What a guard needs to know of a session and of who logged in. */
export interface SessionState {
  readonly userId: string;
  readonly roles: readonly string[];
  /** ISO 8601. */
  readonly endsAt: string;
}

export interface SessionLifetimes {
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

/** The sessions table. What has expired is decided by the database's clock, where a statement asks it. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async insert(
    session: { userId: string; tokenId: string; ip: string | null; userAgent: string | null },
    { idleMs, maxAgeMs }: SessionLifetimes,
    db: Prisma.TransactionClient,
  ): Promise<Session> {
    const now = new Date();
    const endsAt = new Date(now.getTime() + maxAgeMs);
    const expiresAt = new Date(Math.min(now.getTime() + idleMs, endsAt.getTime()));
    return db.session.create({
      data: { ...session, createdAt: now, lastUsedAt: now, tokenIssuedAt: now, expiresAt, endsAt },
      select: SESSION_COLUMNS,
    });
  }

  /** The state of a session that goes on, of a user who is active. */
  async findState(id: string): Promise<SessionState | undefined> {
    const [row] = await this.prisma.$queryRaw<{ userId: string; roles: string[]; endsAt: Date }[]>`
      SELECT u.id AS "userId", u.roles, s.ends_at AS "endsAt"
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${id}::uuid AND s.ended_at IS NULL AND s.ends_at > now() AND u.status = 'active'`;
    return row === undefined ? undefined : { ...row, endsAt: row.endsAt.toISOString() };
  }

  /**
   * Puts a new refresh token in the place of the presented one: one statement, so that of any number of parallel
   * ones exactly one does.
   *
   * @returns the session, or `undefined` when the presented token is not the current one of a live session
   */
  async rotate({ sid, sub, jti }: TokenClaims, replacement: string, idleMs: number): Promise<Session | undefined> {
    const [session] = await this.prisma.$queryRaw<Session[]>`
      UPDATE sessions s
      SET parent_token_id = s.token_id, token_id = ${replacement}::uuid,
          token_issued_at = clock_timestamp(), last_used_at = clock_timestamp(),
          expires_at = LEAST(clock_timestamp() + ${idleMs} * interval '1 millisecond', s.ends_at)
      FROM users u
      WHERE s.id = ${sid}::uuid AND s.user_id = ${sub}::uuid AND s.token_id = ${jti}::uuid
        AND s.ended_at IS NULL AND s.expires_at > now() AND u.id = s.user_id AND u.status = 'active'
      RETURNING ${SESSION_COLUMNS_SQL}`;
    return session;
  }

  /** A live session, and whether the presented token is the one that its current one replaced within the last `graceMs`. */
  async findForReplay(
    { sid, sub, jti }: TokenClaims,
    graceMs: number,
  ): Promise<(Session & { replay: boolean }) | undefined> {
    const [session] = await this.prisma.$queryRaw<(Session & { replay: boolean })[]>`
      SELECT ${SESSION_COLUMNS_SQL},
        s.parent_token_id IS NOT DISTINCT FROM ${jti}::uuid
          AND s.token_issued_at > clock_timestamp() - ${graceMs} * interval '1 millisecond' AS replay
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${sid}::uuid AND s.user_id = ${sub}::uuid
        AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`;
    return session;
  }

  /** @returns whether it went on until now */
  async end(id: string, reason: EndReason, db: Prisma.TransactionClient): Promise<boolean> {
    const { count } = await db.session.updateMany({
      where: { id, endedAt: null },
      data: { endedAt: new Date(), endedReason: reason },
    });
    return count > 0;
  }

  async findLiveIds(userId: string, db: Prisma.TransactionClient): Promise<string[]> {
    const live = await db.session.findMany({ where: { userId, endedAt: null }, select: { id: true } });
    return live.map(({ id }) => id);
  }

  /** @returns the ids of the sessions that went on until now */
  async endAllOf(
    userId: string,
    reason: EndReason,
    exceptId: string | undefined,
    db: Prisma.TransactionClient,
  ): Promise<string[]> {
    const ended = await db.session.updateManyAndReturn({
      where: { userId, endedAt: null, ...(exceptId === undefined ? {} : { id: { not: exceptId } }) },
      data: { endedAt: new Date(), endedReason: reason },
      select: { id: true },
    });
    return ended.map(({ id }) => id);
  }
}
