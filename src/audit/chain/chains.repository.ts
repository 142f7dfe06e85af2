import { Injectable } from '@nestjs/common';
import { firstUuidV7Of, Prisma, PrismaService } from '#platform/database';
import { genesis, type Head, type Link, type Month, monthAfter, monthOf, startOf } from './chain.js';

interface LinkRow {
  readonly month: Date;
  readonly sequence: bigint;
  readonly entry_id: string;
  readonly hash: Uint8Array;
}

/** Held while linking, so that only one instance links at a time. */
const LINKING_LOCK = 8_714_303;

/** The links table: links are added at the ends of chains, never changed. */
@Injectable()
export class ChainsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** @returns whether this transaction holds the lock: while it does, no other instance links */
  async lock(db: Prisma.TransactionClient): Promise<boolean> {
    const [row] = await db.$queryRaw<
      [{ locked: boolean }]
    >`SELECT pg_try_advisory_xact_lock(${LINKING_LOCK}) AS locked`;
    return row.locked;
  }

  /** Ids of entries that have no link yet, the oldest first, in the months that have partitions. */
  async unlinked(limit: number, db: Prisma.TransactionClient = this.prisma): Promise<string[]> {
    const rows = await db.$queryRaw<{ entry_id: string }[]>`
      SELECT entry_id FROM audit.unlinked
      WHERE entry_id >= (SELECT audit.first_id(min(month)) FROM audit.months)
        AND entry_id < (SELECT audit.first_id((max(month) + interval '1 month')::date) FROM audit.months)
      ORDER BY entry_id LIMIT ${limit}`;
    return rows.map((row) => row.entry_id);
  }

  /** The id of the entry that has waited for the longest to be linked. */
  async oldestUnlinked(): Promise<string | undefined> {
    const [row] = await this.prisma.$queryRaw<{ entry_id: string }[]>`
      SELECT entry_id FROM audit.unlinked ORDER BY entry_id LIMIT 1`;
    return row?.entry_id;
  }

  /** How many entries wait to be linked, and the id of the oldest that was removed meanwhile. */
  async countUnlinked(): Promise<{ count: number; removed: string | undefined }> {
    const [row] = await this.prisma.$queryRaw<[{ count: number; removed: string | null }]>`
      SELECT count(*)::integer AS count,
        (SELECT u.entry_id FROM audit.unlinked u
          WHERE NOT EXISTS (SELECT FROM audit.entries e WHERE e.id = u.entry_id)
          ORDER BY u.entry_id LIMIT 1) AS removed
      FROM audit.unlinked`;
    return { count: row.count, removed: row.removed ?? undefined };
  }

  /** The process of the database session that keeps every instance from linking. */
  async lockHolder(): Promise<number | undefined> {
    const [row] = await this.prisma.$queryRaw<{ pid: number }[]>`
      SELECT pid FROM pg_locks
      WHERE locktype = 'advisory' AND classid = 0 AND objid = ${LINKING_LOCK}::integer::oid AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    return row?.pid;
  }

  async hasUnlinkedIn(month: Month): Promise<boolean> {
    const [first, end] = idsOf(month);
    const [row] = await this.prisma.$queryRaw<[{ found: boolean }]>`
      SELECT EXISTS (SELECT FROM audit.unlinked WHERE entry_id >= ${first}::uuid AND entry_id < ${end}::uuid) AS found`;
    return row.found;
  }

  /** @param linked ids of entries to remove from the list of unlinked entries */
  async add(links: readonly Link[], linked: readonly string[], db: Prisma.TransactionClient): Promise<void> {
    const rows = links.map(({ month, sequence, entryId, hash }) => ({
      month: `${month}-01`,
      sequence,
      entry_id: entryId,
      hash: `\\x${hash.toString('hex')}`,
    }));
    await db.$executeRaw`
      WITH added AS (
        INSERT INTO audit.links
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS link (
          month date, sequence bigint, entry_id uuid, hash bytea))
      DELETE FROM audit.unlinked WHERE entry_id = ANY(${[...linked]}::uuid[])`;
  }

  async head(
    month: Month,
    db: Prisma.TransactionClient = this.prisma,
  ): Promise<Head & { entryId: string | undefined }> {
    const [first, end] = idsOf(month);
    const [row] = await db.$queryRaw<LinkRow[]>`
      SELECT * FROM audit.links
      WHERE month = ${month + '-01'}::date AND entry_id >= ${first}::uuid AND entry_id < ${end}::uuid
      ORDER BY sequence DESC LIMIT 1`;
    return row === undefined ? { ...genesis(month), entryId: undefined } : toLink(row);
  }

  /** Links of a chain from a place on, in order. */
  async linksFrom(
    month: Month,
    sequence: number,
    limit: number,
    db: Prisma.TransactionClient = this.prisma,
  ): Promise<Link[]> {
    const [first, end] = idsOf(month);
    const rows = await db.$queryRaw<LinkRow[]>`
      SELECT * FROM audit.links
      WHERE month = ${month + '-01'}::date AND sequence >= ${sequence}
        AND entry_id >= ${first}::uuid AND entry_id < ${end}::uuid
      ORDER BY sequence LIMIT ${limit}`;
    return rows.map(toLink);
  }

  async linksOf(entryIds: readonly string[], db: Prisma.TransactionClient = this.prisma): Promise<Map<string, Link>> {
    const rows = await db.$queryRaw<LinkRow[]>`
      SELECT * FROM audit.links WHERE entry_id = ANY(${[...entryIds]}::uuid[])`;
    return new Map(rows.map((row) => [row.entry_id, toLink(row)]));
  }

  /** The first entry in a range of ids that has no link and does not wait for one. */
  async findStray(month: Month, after: string | undefined, upTo: string | undefined): Promise<string | undefined> {
    const [first, end] = idsOf(month);
    const last = upTo === undefined ? Prisma.sql`e.id < ${end}::uuid` : Prisma.sql`e.id <= ${upTo}::uuid`;
    const [row] = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT e.id FROM audit.entries e
      WHERE e.id >= ${first}::uuid AND e.id > ${after ?? first}::uuid AND ${last}
        AND NOT EXISTS (
          SELECT FROM audit.links l WHERE l.entry_id = e.id AND l.month = ${month + '-01'}::date AND l.sequence > 0)
        AND NOT EXISTS (SELECT FROM audit.unlinked u WHERE u.entry_id = e.id)
      ORDER BY e.id LIMIT 1`;
    return row?.id;
  }

  /** The months that have partitions, the oldest first. */
  async months(): Promise<Month[]> {
    const rows = await this.prisma.$queryRaw<{ month: Date }[]>`SELECT month FROM audit.months ORDER BY month`;
    return rows.map(({ month }) => monthOf(month));
  }

  /** The months that have tables, attached as partitions or left over by an interrupted sweep; the oldest first. */
  async monthsWithTables(): Promise<Month[]> {
    const rows = await this.prisma.$queryRaw<{ month: string }[]>`
      SELECT DISTINCT replace(right(relname, 7), '_', '-') AS month FROM pg_class
      WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' AND relname ~ '^(entries|links)_[0-9]{4}_[0-9]{2}$'
      ORDER BY month`;
    return rows.map(({ month }) => month);
  }

  async makePartitions(monthsAhead: number): Promise<void> {
    await this.prisma.$queryRaw`SELECT 1 FROM audit.make_partitions(${monthsAhead}::integer)`;
  }
}

function idsOf(month: Month): [first: string, end: string] {
  return [firstUuidV7Of(startOf(month)), firstUuidV7Of(startOf(monthAfter(month)))];
}

function toLink({ month, sequence, entry_id: entryId, hash }: LinkRow): Link {
  return { month: monthOf(month), sequence: Number(sequence), entryId, hash: Buffer.from(hash) };
}
