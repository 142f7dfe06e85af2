import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService } from '#platform/database';
import { type Month, monthOf } from './chain.js';
import type { Checkpoint, SignedCheckpoint } from './checkpoint.js';

interface CheckpointRow {
  readonly number: bigint;
  readonly id: string;
  readonly kind: Checkpoint['kind'];
  readonly month: Date;
  readonly sequence: bigint;
  readonly hash: Uint8Array;
  readonly entry_id: string;
  readonly time: Date;
  readonly previous: Uint8Array | null;
  readonly public_key: string;
  readonly signature: Uint8Array;
}

/** The checkpoints table: rows are inserted and read, never changed. */
@Injectable()
export class CheckpointsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async insert(checkpoint: SignedCheckpoint, db: Prisma.TransactionClient = this.prisma): Promise<void> {
    const { id, kind, month, sequence, hash, entryId, time, previous, publicKey, signature } = checkpoint;
    await db.$executeRaw`
      INSERT INTO audit.checkpoints (
        id, kind, month, sequence, hash, entry_id, time, previous, public_key, signature)
      VALUES (
        ${id}::uuid, ${kind}, ${month + '-01'}::date, ${sequence}, decode(${hash}, 'hex'), ${entryId}::uuid,
        ${time}::timestamptz, decode(${previous}, 'hex'), ${publicKey},
        ${Buffer.from(signature, 'base64url')})`;
  }

  async latest(db: Prisma.TransactionClient = this.prisma): Promise<SignedCheckpoint | undefined> {
    return (await this.read(Prisma.sql`TRUE ORDER BY number DESC LIMIT 1`, db))[0];
  }

  async latestOf(month: Month, db: Prisma.TransactionClient = this.prisma): Promise<SignedCheckpoint | undefined> {
    return (await this.read(Prisma.sql`month = ${month + '-01'}::date ORDER BY number DESC LIMIT 1`, db))[0];
  }

  /** The first `sealed` checkpoint of a month. */
  async sealOf(month: Month, db: Prisma.TransactionClient = this.prisma): Promise<SignedCheckpoint | undefined> {
    const ofMonth = Prisma.sql`month = ${month + '-01'}::date AND kind = 'sealed' ORDER BY number LIMIT 1`;
    return (await this.read(ofMonth, db))[0];
  }

  /** The checkpoints of a part of a chain, in its order. */
  async between(month: Month, after: number, upTo: number): Promise<SignedCheckpoint[]> {
    return this.read(
      Prisma.sql`month = ${month + '-01'}::date AND sequence > ${after} AND sequence <= ${upTo} ORDER BY sequence, number`,
    );
  }

  /** The first checkpoint of a chain beyond a place in it. */
  async beyond(month: Month, sequence: number): Promise<SignedCheckpoint | undefined> {
    return (
      await this.read(Prisma.sql`
        month = ${month + '-01'}::date AND sequence > ${sequence} ORDER BY sequence, number LIMIT 1`)
    )[0];
  }

  /** The checkpoints after a number, in the order in which they were made. */
  async after(
    number: number,
    limit: number,
    db: Prisma.TransactionClient = this.prisma,
  ): Promise<{ number: number; checkpoint: SignedCheckpoint }[]> {
    const rows = await db.$queryRaw<CheckpointRow[]>`
      SELECT * FROM audit.checkpoints WHERE number > ${number} ORDER BY number LIMIT ${limit}`;
    return rows.map((row) => ({ number: Number(row.number), checkpoint: toCheckpoint(row) }));
  }

  /** The months with checkpoints, the oldest first. */
  async months(): Promise<Month[]> {
    const rows = await this.prisma.$queryRaw<{ month: Date }[]>`
      WITH RECURSIVE months AS (
        SELECT min(month) AS month FROM audit.checkpoints
        UNION ALL
        SELECT (SELECT min(c.month) FROM audit.checkpoints c WHERE c.month > months.month) FROM months
        WHERE months.month IS NOT NULL)
      SELECT month FROM months WHERE month IS NOT NULL`;
    return rows.map(({ month }) => monthOf(month));
  }

  private async read(where: Prisma.Sql, db: Prisma.TransactionClient = this.prisma): Promise<SignedCheckpoint[]> {
    const rows = await db.$queryRaw<CheckpointRow[]>`SELECT * FROM audit.checkpoints WHERE ${where}`;
    return rows.map(toCheckpoint);
  }
}

function toCheckpoint(row: CheckpointRow): SignedCheckpoint {
  return {
    id: row.id,
    kind: row.kind,
    month: monthOf(row.month),
    sequence: Number(row.sequence),
    hash: Buffer.from(row.hash).toString('hex'),
    entryId: row.entry_id,
    time: row.time.toISOString(),
    previous: row.previous === null ? null : Buffer.from(row.previous).toString('hex'),
    publicKey: row.public_key,
    signature: Buffer.from(row.signature).toString('base64url'),
  };
}
