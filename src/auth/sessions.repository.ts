import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService, uuidV7 } from '#platform/database';
import type { Keyset } from '#platform/paging';
import type { EndReason, Session, SessionEntry } from './session.js';
import type { TokenClaims } from './tokens.service.js';

const SESSION_COLUMNS = Prisma.raw(`s.id, s.user_id AS "userId", s.token_id AS "tokenId",
  s.token_issued_at AS "tokenIssuedAt", s.token_number AS "tokenNumber", s.expires_at AS "expiresAt",
  s.ends_at AS "endsAt", clock_timestamp() AS "readAt"`);

const IS_LIVE = Prisma.raw('ended_at IS NULL AND expires_at > now()');

/** One row for any number of sessions, as a user may have tens of thousands from before there was a limit. */
const ALL_IDS = Prisma.raw("COALESCE(array_agg(id), '{}') AS ids");

interface IdList {
  readonly ids: string[];
}

/** What the guard needs to know about a session and its user. */
export interface SessionState {
  readonly userId: string;
  readonly roles: readonly string[];
  /** ISO 8601. */
  readonly endsAt: string;
  /** The number of the current pair of tokens, and whether its access token has been used. */
  readonly tokenNumber: number;
  readonly tokenUsed: boolean;
}

export interface SessionLifetimes {
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

/** The sessions table. The database's clock gives and judges every time in it: instances' clocks differ. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async insert(
    session: { userId: string; tokenId: string; ip: string | null; userAgent: string | null },
    { idleMs, maxAgeMs }: SessionLifetimes,
    db: Prisma.TransactionClient,
  ): Promise<Session> {
    const { userId, tokenId, ip, userAgent } = session;
    const [inserted] = await db.$queryRaw<[Session]>`
      INSERT INTO sessions AS s
        (id, user_id, token_id, ip, user_agent, created_at, last_used_at, token_issued_at, expires_at, ends_at)
      VALUES (${uuidV7()}::uuid, ${userId}::uuid, ${tokenId}::uuid, ${ip}, ${userAgent},
        statement_timestamp(), statement_timestamp(), statement_timestamp(),
        statement_timestamp() + ${Math.min(idleMs, maxAgeMs)} * interval '1 millisecond',
        statement_timestamp() + ${maxAgeMs} * interval '1 millisecond')
      RETURNING ${SESSION_COLUMNS}`;
    return inserted;
  }

  /** The state of a live session of an active user. */
  async findState(id: string): Promise<SessionState | undefined> {
    const [row] = await this.prisma.$queryRaw<(Omit<SessionState, 'endsAt'> & { endsAt: Date })[]>`
      SELECT u.id AS "userId", u.roles, s.ends_at AS "endsAt", s.token_number AS "tokenNumber",
        s.token_used AS "tokenUsed"
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${id}::uuid AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`;
    return row === undefined ? undefined : { ...row, endsAt: row.endsAt.toISOString() };
  }

  /**
   * Replaces the presented refresh token by a new one, in one statement, so that exactly one of any number of parallel
   * exchanges does.
   *
   * @returns the session, or `undefined` when the presented token is not the current one of a live session
   */
  async rotate({ sid, sub, jti }: TokenClaims, replacement: string, idleMs: number): Promise<Session | undefined> {
    const [session] = await this.prisma.$queryRaw<Session[]>`
      UPDATE sessions s
      SET parent_token_id = s.token_id, token_id = ${replacement}::uuid,
          token_number = s.token_number + 1, token_used = false,
          token_issued_at = clock_timestamp(), last_used_at = clock_timestamp(),
          expires_at = LEAST(clock_timestamp() + ${idleMs} * interval '1 millisecond', s.ends_at)
      FROM users u
      WHERE s.id = ${sid}::uuid AND s.user_id = ${sub}::uuid AND s.token_id = ${jti}::uuid
        AND s.ended_at IS NULL AND s.expires_at > now() AND u.id = s.user_id AND u.status = 'active'
      RETURNING ${SESSION_COLUMNS}`;
    return session;
  }

  /** A live session, and whether its current pair may be given once more for the presented token, which is its parent. */
  async findByToken(
    { sid, sub, jti }: TokenClaims,
    { graceMs, retryMs }: { readonly graceMs: number; readonly retryMs: number },
  ): Promise<(Session & { repeatable: boolean }) | undefined> {
    const [session] = await this.prisma.$queryRaw<(Session & { repeatable: boolean })[]>`
      SELECT ${SESSION_COLUMNS},
        s.parent_token_id IS NOT DISTINCT FROM ${jti}::uuid AND s.token_issued_at > clock_timestamp()
          - CASE WHEN s.token_used THEN ${graceMs}::float8 ELSE ${Math.max(graceMs, retryMs)}::float8 END
          * interval '1 millisecond' AS repeatable
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${sid}::uuid AND s.user_id = ${sub}::uuid
        AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`;
    return session;
  }

  /** Notes that a request has used the access token of a session's current pair. */
  async markUsed(id: string, tokenNumber: number): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE sessions SET token_used = true WHERE id = ${id}::uuid AND token_number = ${tokenNumber} AND NOT token_used`;
  }

  /** The live sessions of a user. */
  async list(userId: string, { where, orderBy }: Keyset, limit: number): Promise<SessionEntry[]> {
    return this.prisma.$queryRaw<SessionEntry[]>`
      SELECT id, ip, user_agent AS "userAgent", created_at AS "createdAt", last_used_at AS "lastUsedAt",
        expires_at AS "expiresAt"
      FROM sessions WHERE user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > now() AND ${where}
      ORDER BY ${orderBy} LIMIT ${limit}`;
  }

  /** @returns whether it was live until now */
  async end(id: string, reason: EndReason, db: Prisma.TransactionClient): Promise<boolean> {
    const ended = await this.endWhere(Prisma.sql`id = ${id}::uuid AND ${IS_LIVE}`, reason, db);
    return ended.length > 0;
  }

  /** @returns whether the session belonged to the user and was live until this call */
  async endOf(userId: string, id: string, reason: EndReason, db: Prisma.TransactionClient): Promise<boolean> {
    const which = Prisma.sql`id = ${id}::uuid AND user_id = ${userId}::uuid AND ${IS_LIVE}`;
    return (await this.endWhere(which, reason, db)).length > 0;
  }

  async findLiveIds(userId: string, db: Prisma.TransactionClient): Promise<string[]> {
    const [row] = await db.$queryRaw<[IdList]>`
      SELECT ${ALL_IDS} FROM sessions WHERE user_id = ${userId}::uuid AND ${IS_LIVE}`;
    return row.ids;
  }

  /** @returns the ids of the sessions that were live until now */
  async endAllOf(
    userId: string,
    reason: EndReason,
    exceptId: string | undefined,
    db: Prisma.TransactionClient,
  ): Promise<string[]> {
    const which = Prisma.sql`user_id = ${userId}::uuid AND ${IS_LIVE} AND id IS DISTINCT FROM ${exceptId ?? null}::uuid`;
    return this.endWhere(which, reason, db);
  }

  /**
   * Ends the sessions that have been unused for longest, until `max` are live. The caller has locked the user.
   *
   * @param newestId is kept, although another may have been refreshed since it began
   * @returns the ids of the ended sessions
   */
  async endBeyond(max: number, userId: string, newestId: string, db: Prisma.TransactionClient): Promise<string[]> {
    const which = Prisma.sql`id IN (
      SELECT id FROM sessions WHERE user_id = ${userId}::uuid AND ${IS_LIVE} AND id <> ${newestId}::uuid
      ORDER BY last_used_at DESC, id DESC OFFSET ${max - 1})`;
    return this.endWhere(which, 'session_limit', db);
  }

  /** Ending a session also expires it, so that one index finds all sessions that are over. */
  private async endWhere(which: Prisma.Sql, reason: EndReason, db: Prisma.TransactionClient): Promise<string[]> {
    const [row] = await db.$queryRaw<[IdList]>`
      WITH ended AS (
        UPDATE sessions SET ended_at = now(), ended_reason = ${reason}, expires_at = now() WHERE ${which} RETURNING id)
      SELECT ${ALL_IDS} FROM ended`;
    return row.ids;
  }

  /**
   * Deletes sessions that have been over for a while, oldest first. Several instances at once share the work.
   *
   * @returns how many, `limit` at most
   */
  async deleteOver(retentionMs: number, limit: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE expires_at < now() - ${retentionMs} * interval '1 millisecond'
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  }
}
