import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';

/** Mails of a kind that an account gets in an hour. */
const MAX_PER_ACCOUNT = 3;
/** Mails of any kind that requests from an address cause in an hour. */
const MAX_PER_ADDRESS = 20;
/** Longer than a mail is tried again: a repeated delivery finds the row of the first. */
const KEPT_HOURS = 48;

/** The keys are HMAC-SHA256, so that the table holds neither addresses nor ids of accounts. */
export interface MailToCount {
  readonly id: string;
  readonly account: Buffer;
  readonly address: Buffer | null;
}

/** The sent_mails table. The limits count its rows of the last hour. */
@Injectable()
export class MailLimitsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Lets a mail through, or not. The same mail is always let through again.
   *
   * @returns `again` for one that has been let through before
   */
  async admit(
    { id, account, address }: MailToCount,
    db: Prisma.TransactionClient,
  ): Promise<'new' | 'again' | 'refused'> {
    // Locks before counting, or two instances could both take the last place. Always the account before the address, so that
    // they cannot deadlock.
    for (const key of [account, ...(address === null ? [] : [address])]) {
      await db.$queryRaw`SELECT pg_advisory_xact_lock(${key.readBigInt64BE(0)})::text`;
    }
    const [row] = await db.$queryRaw<[{ isNew: boolean; exists: boolean }]>`
      WITH admitted AS (
        INSERT INTO sent_mails (id, account, address, sent_at)
        SELECT ${id}::uuid, ${account}, ${address}, now()
        WHERE ${recent(Prisma.sql`account = ${account}`)} < ${MAX_PER_ACCOUNT}
          AND ${recent(Prisma.sql`address = ${address}`)} < ${MAX_PER_ADDRESS}
        ON CONFLICT (id) DO NOTHING RETURNING id
      )
      SELECT EXISTS (SELECT FROM admitted) AS "isNew", EXISTS (SELECT FROM sent_mails WHERE id = ${id}::uuid) AS exists`;
    return row.isNew ? 'new' : row.exists ? 'again' : 'refused';
  }

  /** @returns how many, `limit` at most */
  async deleteOld(limit: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM sent_mails WHERE id IN (
        SELECT id FROM sent_mails WHERE sent_at < now() - ${KEPT_HOURS} * interval '1 hour'
        ORDER BY sent_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  }
}

function recent(condition: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(SELECT count(*) FROM sent_mails WHERE ${condition} AND sent_at > now() - interval '1 hour')`;
}
