import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '#platform/database';
import { type AuditEntry, type AuditRow, toEntry, toRow } from './audit-entry.js';

/** How long after its end a fold still takes repeats, in milliseconds: each process stores its own every second. */
const LATE_MS = 2_000;

/** Repeats of one failure. */
export interface Repeats {
  readonly key: Buffer;
  /** The latest of them. */
  readonly latest: AuditEntry;
  readonly count: number;
  /** Until the end of the fold, in milliseconds. */
  readonly remainingMs: number;
}

/** The folds table: repeats of failures that have no entry yet, counted by all processes together. */
@Injectable()
export class FoldsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Adds repeats to their folds, in one statement. */
  async add(repeats: readonly Repeats[]): Promise<void> {
    const rows = repeats.map(({ key, latest, count, remainingMs }) => ({
      key: `\\x${key.toString('hex')}`,
      entry: toRow(latest),
      count,
      remaining_ms: Math.round(remainingMs),
    }));
    // Sorted, so that two processes lock the rows in the same order.
    await this.prisma.$executeRaw`
      INSERT INTO audit.folds AS fold (key, entry, count, ends_at)
      SELECT key, entry, count, now() + remaining_ms * interval '1 ms'
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS repeats (
        key bytea, entry jsonb, count integer, remaining_ms integer)
      ORDER BY key
      ON CONFLICT (key) DO UPDATE SET count = fold.count + excluded.count, entry = CASE
        WHEN fold.entry->'target_id' = excluded.entry->'target_id' THEN excluded.entry
        ELSE excluded.entry || '{"target_id": null}' END`;
  }

  /** Whether any process has left folds that are over. */
  async hasEnded(): Promise<boolean> {
    const [row] = await this.prisma.$queryRaw<[{ found: boolean }]>`
      SELECT EXISTS (SELECT FROM audit.folds WHERE ends_at < now() - ${LATE_MS} * interval '1 ms') AS found`;
    return row.found;
  }

  /** Removes and returns the folds that are over, of any process, and those of `keys` whether or not they are over. */
  async take(db: Prisma.TransactionClient, limit: number, keys: readonly Buffer[] = []): Promise<AuditEntry[]> {
    const texts = keys.map((key) => key.toString('hex'));
    const rows = await db.$queryRaw<{ entry: Omit<AuditRow, 'time'> & { time: string }; count: number }[]>`
      DELETE FROM audit.folds WHERE key IN (
        SELECT key FROM audit.folds
        WHERE ends_at < now() - ${LATE_MS} * interval '1 ms' OR encode(key, 'hex') = ANY(${texts})
        ORDER BY ends_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING entry, count`;
    return rows.map(({ entry, count }) => toEntry({ ...entry, time: new Date(entry.time), count }));
  }
}
