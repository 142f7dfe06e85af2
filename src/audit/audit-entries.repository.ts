import { Injectable } from '@nestjs/common';
import { firstUuidV7Of, Prisma, PrismaService } from '#platform/database';
import { type AuditEntry, type AuditRow, toEntry, toRow } from './audit-entry.js';

export interface AuditFilters {
  readonly actorId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly action?: string | undefined;
  readonly outcome?: string | undefined;
  readonly requestId?: string | undefined;
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
  /** As actor or as target. */
  readonly userId?: string | undefined;
}

/** Which entries come next: those beyond an id, in an order of ids. */
export interface AuditRange {
  readonly beyond: string | undefined;
  readonly order: 'newest first' | 'oldest first';
  readonly limit: number;
}

/** The entries table: rows are inserted and read, never changed. */
@Injectable()
export class AuditEntriesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Inserts all entries in one statement. */
  async insert(entries: readonly AuditEntry[], db: Prisma.TransactionClient = this.prisma): Promise<void> {
    await db.$executeRaw`
      WITH inserted AS (
        INSERT INTO audit.entries
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(entries.map(toRow))}::jsonb) AS entry (
          id uuid, time timestamptz, action varchar, outcome varchar, actor_id uuid, actor_type varchar,
          session_id uuid, target_type varchar, target_id varchar, ip varchar, user_agent varchar,
          request_id varchar, changes jsonb, reason varchar, count integer)
        RETURNING id)
      INSERT INTO audit.unlinked SELECT id FROM inserted`;
  }

  async find(filters: AuditFilters, range: AuditRange): Promise<AuditEntry[]> {
    const { userId, ...others } = filters;
    if (userId === undefined) return this.read(conditions(others), range);
    // Each half has an index of its own; there is none for both together.
    const halves = await Promise.all([
      this.read(conditions({ ...others, actorId: userId }), range),
      this.read(conditions({ ...others, targetId: userId }), range),
    ]);
    const sign = range.order === 'newest first' ? -1 : 1;
    const found = [...new Map(halves.flat().map((entry) => [entry.id, entry])).values()];
    return found.toSorted((a, b) => (a.id < b.id ? -sign : sign)).slice(0, range.limit);
  }

  async findById(id: string): Promise<AuditEntry | undefined> {
    const [row] = await this.prisma.$queryRaw<AuditRow[]>`SELECT * FROM audit.entries WHERE id = ${id}::uuid`;
    return row === undefined ? undefined : toEntry(row);
  }

  async findAll(ids: readonly string[], db: Prisma.TransactionClient = this.prisma): Promise<Map<string, AuditEntry>> {
    const rows = await db.$queryRaw<AuditRow[]>`SELECT * FROM audit.entries WHERE id = ANY(${[...ids]}::uuid[])`;
    return new Map(rows.map((row) => [row.id, toEntry(row)]));
  }

  private async read(where: readonly Prisma.Sql[], { beyond, order, limit }: AuditRange): Promise<AuditEntry[]> {
    const newest = order === 'newest first';
    const [sign, direction] = [Prisma.raw(newest ? '<' : '>'), Prisma.raw(newest ? 'DESC' : 'ASC')];
    const all = beyond === undefined ? where : [...where, Prisma.sql`id ${sign} ${beyond}::uuid`];
    const clause = all.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...all], ' AND ')}`;
    const rows = await this.prisma.$queryRaw<AuditRow[]>`
      SELECT * FROM audit.entries ${clause} ORDER BY id ${direction} LIMIT ${limit}`;
    return rows.map(toEntry);
  }
}

function conditions({ actorId, targetId, action, outcome, requestId, from, to }: AuditFilters): Prisma.Sql[] {
  const found: (Prisma.Sql | undefined)[] = [
    actorId === undefined ? undefined : Prisma.sql`actor_id = ${actorId}::uuid`,
    targetId === undefined ? undefined : Prisma.sql`target_id = ${targetId}`,
    action === undefined ? undefined : Prisma.sql`action = ${action}`,
    outcome === undefined ? undefined : Prisma.sql`outcome = ${outcome}`,
    requestId === undefined ? undefined : Prisma.sql`request_id = ${requestId}`,
    // An id starts with the time it was created at (UUIDv7), so a range of times is a range of ids.
    from === undefined ? undefined : Prisma.sql`id >= ${firstUuidV7Of(from)}::uuid`,
    to === undefined ? undefined : Prisma.sql`id < ${firstUuidV7Of(to)}::uuid`,
  ];
  return found.filter((condition) => condition !== undefined);
}
