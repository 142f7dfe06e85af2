import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';

/** The user that a reset token belongs to, with the username and email that a new password must not contain. */
export interface ResettableUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
}

/** The password_resets table. The database's clock decides what has expired. */
@Injectable()
export class PasswordResetsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Stores a token in place of the user's older one.
   *
   * @returns when it expires
   */
  async put(
    { userId, tokenHash, issuedBy }: { userId: string; tokenHash: Buffer; issuedBy: string },
    lifetimeMs: number,
    db: Prisma.TransactionClient,
  ): Promise<Date> {
    const [row] = await db.$queryRaw<[{ expiresAt: Date }]>`
      INSERT INTO password_resets (user_id, token_hash, issued_by, created_at, expires_at)
      VALUES (${userId}::uuid, ${tokenHash}, ${issuedBy}::uuid, now(), now() + ${lifetimeMs} * interval '1 millisecond')
      ON CONFLICT (user_id) DO UPDATE
      SET token_hash = excluded.token_hash, issued_by = excluded.issued_by, created_at = excluded.created_at,
          expires_at = excluded.expires_at
      RETURNING expires_at AS "expiresAt"`;
    return row.expiresAt;
  }

  /** The user of a token that has not expired. */
  async findUser(tokenHash: Buffer): Promise<ResettableUser | undefined> {
    const [user] = await this.prisma.$queryRaw<ResettableUser[]>`
      SELECT u.id, u.username, u.email FROM password_resets r JOIN users u ON u.id = r.user_id
      WHERE r.token_hash = ${tokenHash} AND r.expires_at > now() AND u.deleted_at IS NULL`;
    return user;
  }

  /** @returns the issuer of a token that was there and had not expired; only one of several calls at once gets it */
  async take(userId: string, tokenHash: Buffer, db: Prisma.TransactionClient): Promise<string | undefined> {
    const [taken] = await db.$queryRaw<{ issuedBy: string | null }[]>`
      DELETE FROM password_resets
      WHERE user_id = ${userId}::uuid AND token_hash = ${tokenHash} AND expires_at > now()
      RETURNING issued_by AS "issuedBy"`;
    return taken?.issuedBy ?? undefined;
  }

  async removeForHolders(role: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`r.user_id IN (SELECT id FROM users WHERE roles @> ARRAY[${role}])`, db);
  }

  async removeIssuedBy(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`r.issued_by = ${userId}::uuid`, db);
  }

  /** Removes the user's token, and those that the user has issued. */
  async removeOfAndBy(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`(r.user_id = ${userId}::uuid OR r.issued_by = ${userId}::uuid)`, db);
  }

  async removeIssuedByHolders(role: string, db: Prisma.TransactionClient): Promise<void> {
    await this.removeWhere(Prisma.sql`r.issued_by IN (SELECT id FROM users WHERE roles @> ARRAY[${role}])`, db);
  }

  /** Locks the rows in one order, so that no two calls deadlock. */
  private async removeWhere(condition: Prisma.Sql, db: Prisma.TransactionClient): Promise<void> {
    await db.$executeRaw`
      DELETE FROM password_resets WHERE user_id IN (
        SELECT r.user_id FROM password_resets r WHERE ${condition} ORDER BY r.user_id FOR UPDATE)`;
  }

  async remove(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await db.passwordReset.deleteMany({ where: { userId } });
  }
}
