import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import type { UserStatus } from './user.js';

/** Long enough for any table. */
const RECOUNT_TIMEOUT_MS = 60 * 60_000;

/** How many users a list has, or the least number there are. */
export interface Total {
  readonly items: number;
  readonly isEstimate: boolean;
}

/** The totals of users by status, which triggers of the users table keep, whatever writes it. */
@Injectable()
export class UserTotalsService {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Counts the rows anew, while no user can be written.
   *
   * @returns the numbers by status, in the order of the statuses
   */
  async recount(): Promise<ReadonlyMap<UserStatus, number>> {
    return this.prisma.$transaction(recountWithin, { timeout: RECOUNT_TIMEOUT_MS });
  }
}

async function recountWithin(db: Prisma.TransactionClient): Promise<ReadonlyMap<UserStatus, number>> {
  await db.$executeRaw`LOCK TABLE users IN SHARE MODE`;
  await db.$executeRaw`DELETE FROM user_totals`;
  const rows = await db.$queryRaw<{ status: UserStatus; users: bigint }[]>`
    WITH counted AS (
      INSERT INTO user_totals (status, shard, users)
      SELECT status, gen_random_uuid(), count(*) FROM users GROUP BY status RETURNING status, users)
    SELECT * FROM counted ORDER BY status`;
  return new Map(rows.map(({ status, users }) => [status, Number(users)]));
}

/** @param status without one, all users that are not deleted */
export function keptTotal(status: UserStatus | undefined): Prisma.Sql {
  const which = status === undefined ? Prisma.sql`status <> 'deleted'` : Prisma.sql`status = ${status}::user_status`;
  return Prisma.sql`(SELECT coalesce(sum(users), 0) FROM user_totals WHERE ${which})`;
}

/** @param found how many there are, counted up to one more than `max` */
export function totalOf(found: number, max: number): Total {
  return { items: Math.min(found, max), isEstimate: found > max };
}
