import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '#platform/database';

/** How many devices an account may have: one more ends the one unused for longest. */
const MAX_DEVICES = 10;

/** The devices table: what is not in it is no device, whatever its token says. */
@Injectable()
export class DevicesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** The one of these devices that is the user's, if there is one. */
  async find(ids: readonly string[], userId: string): Promise<string | undefined> {
    const [device] = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM devices WHERE id = ANY(${[...ids]}::uuid[]) AND user_id = ${userId}::uuid LIMIT 1`;
    return device?.id;
  }

  /**
   * Notes a login from one of these devices, or from a new one. The caller has locked the user.
   *
   * @returns the device's id, and whether it is new
   */
  async recordLogin(
    ids: readonly string[],
    userId: string,
    db: Prisma.TransactionClient,
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const [device] = await db.$queryRaw<[{ id: string; isNew: boolean }]>`
      WITH known AS (
        UPDATE devices SET last_used_at = clock_timestamp() WHERE id = (
          SELECT id FROM devices WHERE id = ANY(${[...ids]}::uuid[]) AND user_id = ${userId}::uuid LIMIT 1)
        RETURNING id
      ), added AS (
        INSERT INTO devices (id, user_id, created_at, last_used_at)
        SELECT ${randomUUID()}::uuid, ${userId}::uuid, clock_timestamp(), clock_timestamp()
        WHERE NOT EXISTS (SELECT FROM known)
        RETURNING id
      ), surplus AS (
        DELETE FROM devices WHERE id IN (
          SELECT id FROM devices WHERE user_id = ${userId}::uuid AND id NOT IN (SELECT id FROM known)
          ORDER BY last_used_at DESC, id DESC OFFSET ${MAX_DEVICES - 1})
      )
      SELECT id, false AS "isNew" FROM known UNION ALL SELECT id, true FROM added`;
    return device;
  }

  async removeAllOf(userId: string, db: Prisma.TransactionClient): Promise<void> {
    await db.device.deleteMany({ where: { userId } });
  }
}
