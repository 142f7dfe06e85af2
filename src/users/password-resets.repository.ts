import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '#platform/database';

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
  async put(userId: string, tokenHash: Buffer, lifetimeMs: number, db: Prisma.TransactionClient): Promise<Date> {
    const [row] = await db.$queryRaw<[{ expiresAt: Date }]>`
      INSERT INTO password_resets (user_id, token_hash, created_at, expires_at)
      VALUES (${userId}::uuid, ${tokenHash}, now(), now() + ${lifetimeMs} * interval '1 millisecond')
      ON CONFLICT (user_id) DO UPDATE
      SET token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at
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

  /** @returns whether the token was there and had not expired; `true` for only one of several at once */
  async take(userId: string, tokenHash: Buffer, db: Prisma.TransactionClient): Promise<boolean> {
    const taken = await db.$queryRaw<object[]>`
      DELETE FROM password_resets
      WHERE user_id = ${userId}::uuid AND token_hash = ${tokenHash} AND expires_at > now()
      RETURNING user_id`;
    return taken.length > 0;
  }

  async removeForHolders(role: string, db: Prisma.TransactionClient): Promise<void> {
    await db.$executeRaw`
      DELETE FROM password_resets WHERE user_id IN (
        SELECT r.user_id FROM password_resets r JOIN users u ON u.id = r.user_id
        WHERE u.roles @> ARRAY[${role}] ORDER BY r.user_id FOR UPDATE OF r)`;
  }

  async remove(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await db.passwordReset.deleteMany({ where: { userId } });
  }
}
