import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { type TokenPurpose, TOKENS } from './one-time-token.js';

/** The user that a token belongs to, with the username and email that a new password must not contain. */
export interface TokenUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
}

export interface NewOneTimeToken {
  readonly hash: Buffer;
  readonly purpose: TokenPurpose;
  readonly userId: string;
  /** The folded address that it is mailed to. */
  readonly email?: string;
  readonly issuedBy?: string;
  readonly mailId?: string;
}

/** A token that was there, and is now used up. */
export interface TakenToken {
  readonly purpose: TokenPurpose;
  readonly email: string | null;
  readonly issuedBy: string | null;
}

/** The one_time_tokens table. The database's clock decides what has expired. */
@Injectable()
export class OneTimeTokensRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** @returns when it expires */
  async insert(token: NewOneTimeToken, db: Prisma.TransactionClient): Promise<Date> {
    const { hash, purpose, userId, email = null, issuedBy = null, mailId = null } = token;
    const [row] = await db.$queryRaw<[{ expiresAt: Date }]>`
      INSERT INTO one_time_tokens (token_hash, purpose, user_id, email, issued_by, mail_id, created_at, expires_at)
      VALUES (${hash}, ${purpose}, ${userId}::uuid, ${email}, ${issuedBy}::uuid, ${mailId}::uuid, now(),
        now() + ${TOKENS[purpose].lifetimeMs} * interval '1 millisecond')
      RETURNING expires_at AS "expiresAt"`;
    return row.expiresAt;
  }

  /** The user of a token that has not expired. */
  async findUser(hash: Buffer, purposes: readonly TokenPurpose[]): Promise<TokenUser | undefined> {
    const [user] = await this.prisma.$queryRaw<TokenUser[]>`
      SELECT u.id, u.username, u.email FROM one_time_tokens t JOIN users u ON u.id = t.user_id
      WHERE t.token_hash = ${hash} AND t.purpose = ANY(${[...purposes]}) AND t.expires_at > now()
        AND u.deleted_at IS NULL`;
    return user;
  }

  /** @returns a token that was there and had not expired; only one of several calls at once gets it */
  async take(
    hash: Buffer,
    userId: string,
    purposes: readonly TokenPurpose[],
    db: Prisma.TransactionClient,
  ): Promise<TakenToken | undefined> {
    const [taken] = await db.$queryRaw<TakenToken[]>`
      DELETE FROM one_time_tokens
      WHERE token_hash = ${hash} AND user_id = ${userId}::uuid AND purpose = ANY(${[...purposes]}) AND expires_at > now()
      RETURNING purpose, email, issued_by AS "issuedBy"`;
    return taken;
  }

  /** @param exceptMailId the mail whose tokens stay */
  async removeOf(
    userId: string,
    purposes: readonly TokenPurpose[],
    db: Prisma.TransactionClient,
    exceptMailId?: string,
  ): Promise<void> {
    const spared =
      exceptMailId === undefined ? Prisma.empty : Prisma.sql`AND t.mail_id IS DISTINCT FROM ${exceptMailId}::uuid`;
    await this.removeWhere(Prisma.sql`${ofUser(userId, purposes)} ${spared}`, db);
  }

  /** Removes tokens of the user, and those that the user has issued. */
  async removeOfAndBy(userId: string, purposes: readonly TokenPurpose[], db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`(${ofUser(userId, purposes)} OR t.issued_by = ${userId}::uuid)`, db);
  }

  /** Removes the resets of every user who holds the role. */
  async removeResetsOfHolders(role: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(
      Prisma.sql`t.purpose = 'operator_reset' AND t.user_id IN (SELECT id FROM users WHERE roles @> ARRAY[${role}])`,
      db,
    );
  }

  async removeIssuedByHolders(role: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`t.issued_by IN (SELECT id FROM users WHERE roles @> ARRAY[${role}])`, db);
  }

  /** @returns how many, `limit` at most */
  async deleteExpired(limit: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM one_time_tokens WHERE token_hash IN (
        SELECT token_hash FROM one_time_tokens WHERE expires_at < now()
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  }

  /** Locks the rows in one order, so that no two calls deadlock. */
  private async removeWhere(condition: Prisma.Sql, db: Prisma.TransactionClient): Promise<void> {
    await db.$executeRaw`
      DELETE FROM one_time_tokens WHERE token_hash IN (
        SELECT t.token_hash FROM one_time_tokens t WHERE ${condition} ORDER BY t.token_hash FOR UPDATE)`;
  }
}

function ofUser(userId: string, purposes: readonly TokenPurpose[]): Prisma.Sql {
  return Prisma.sql`(t.user_id = ${userId}::uuid AND t.purpose = ANY(${[...purposes]}))`;
}
