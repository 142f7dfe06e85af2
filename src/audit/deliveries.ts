import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '../platform/database/index.js';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { type AuditRecord, type AuditSink, AuditSinks } from './audit-sink.js';
import { type Month, monthOf } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { CheckpointsRepository } from './checkpoints.repository.js';

const BATCH = 500;
/** The series that is no month's chain. */
const CHECKPOINTS = '-infinity';

type Db = Prisma.TransactionClient;

interface Batch {
  readonly records: readonly AuditRecord[];
  /** Up to where it goes; `undefined` where there is nothing to send. */
  readonly last: number | undefined;
}

/** Sends each sink what has been linked since it was last sent something, and the checkpoints: at least once, in order. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly prisma: PrismaService,
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    private readonly sinks: AuditSinks,
  ) {}

  async deliver(): Promise<void> {
    if (this.sinks.all.length === 0) return;
    const current = monthOf(new Date());
    const months = (await this.chains.months()).filter((month) => month <= current);
    for (const sink of this.sinks.all) {
      for (const month of months) {
        await this.send(sink, `${month}-01`, (sent, db) => this.linkedEntries(month, sent, db));
      }
      await this.send(sink, CHECKPOINTS, (sent, db) => this.checkpointsAfter(sent, db));
    }
  }

  /** Sends what comes after what has been sent, batch by batch; while another instance does, it leaves it to that. */
  private async send(sink: AuditSink, series: string, next: (sent: number, db: Db) => Promise<Batch>): Promise<void> {
    for (let more = true; more;) {
      more = await this.prisma.$transaction(async (db) => {
        const sent = await this.sent(sink, series, db);
        if (sent === undefined) return false;
        const { records, last } = await next(sent, db);
        if (last === undefined) return false;
        await sink.write(records);
        await db.$executeRaw`
          UPDATE audit.deliveries SET sequence = ${last} WHERE sink = ${sink.name} AND month = ${series}::date`;
        return records.length === BATCH;
      });
    }
  }

  private async linkedEntries(month: Month, sent: number, db: Db): Promise<Batch> {
    const links = await this.chains.linksAfter(month, sent, BATCH, db);
    const entries = await this.entries.findAll(
      links.map(({ entryId }) => entryId),
      db,
    );
    const records = links.flatMap(({ sequence, hash, entryId }): AuditRecord[] => {
      const entry = entries.get(entryId);
      return entry === undefined ? [] : [{ type: 'entry', month, sequence, hash: hash.toString('hex'), entry }];
    });
    return { records, last: links.at(-1)?.sequence };
  }

  private async checkpointsAfter(sent: number, db: Db): Promise<Batch> {
    const found = await this.checkpoints.after(sent, BATCH, db);
    return {
      records: found.map(({ checkpoint }) => ({ type: 'checkpoint', checkpoint })),
      last: found.at(-1)?.number,
    };
  }

  /** How far it has been sent this series; `undefined` while another instance sends it. */
  private async sent(sink: AuditSink, series: string, db: Db): Promise<number | undefined> {
    await db.$executeRaw`
      INSERT INTO audit.deliveries VALUES (${sink.name}, ${series}::date, 0) ON CONFLICT DO NOTHING`;
    const [row] = await db.$queryRaw<{ sequence: bigint }[]>`
      SELECT sequence FROM audit.deliveries WHERE sink = ${sink.name} AND month = ${series}::date
      FOR UPDATE SKIP LOCKED`;
    return row === undefined ? undefined : Number(row.sequence);
  }
}
