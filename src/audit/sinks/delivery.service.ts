import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { PrismaService } from '#platform/database';
import { AuditEntriesRepository } from '../audit-entries.repository.js';
import { type AuditRecord, type AuditSink, AuditSinks } from './audit-sink.js';
import { type Month, monthOf, startOf } from '../chain/chain.js';
import { ChainsRepository } from '../chain/chains.repository.js';
import { CheckpointsRepository } from '../chain/checkpoints.repository.js';

const BATCH = 500;
/** How long a sink may take for a batch, in milliseconds; after that it is tried again. */
const WRITE_TIMEOUT_MS = 10_000;
/** How long nobody else sends what is being sent, in milliseconds: longer than a sink may take. */
const CLAIM_MS = 30_000;
/** How long a sink that has failed is left alone, in milliseconds. */
const RETRY_MS = 5_000;
/** How long a stop waits for what is being sent, in milliseconds. */
const STOP_MS = 2_000;
/** The series that is no month's chain. */
const CHECKPOINTS = '-infinity';

interface Batch {
  readonly records: readonly AuditRecord[];
  /** Up to where it goes; `undefined` where there is nothing to send. */
  readonly last: number | undefined;
}

/**
 * Sends each sink what has been linked since it was last sent something, and the checkpoints: at least once, in order. A
 * sink that is slow, or fails, holds up nobody else.
 */
@Injectable()
export class DeliveryService {
  private readonly logger = new Logger('Audit');
  private readonly sending = new Map<string, Promise<void>>();
  private readonly restUntil = new Map<string, number>();
  /** Months that each sink has been sent whole, as far as they can still grow: their chains are sealed. */
  private readonly done = new Set<string>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    private readonly sinks: AuditSinks,
  ) {}

  /** Sends on, in the background. */
  wake(): void {
    for (const sink of this.sinks.all) {
      if (this.sending.has(sink.name) || Date.now() < (this.restUntil.get(sink.name) ?? 0)) continue;
      const sent = this.sendAll(sink)
        .catch((error: unknown) => {
          this.restUntil.set(sink.name, Date.now() + RETRY_MS);
          this.logger.warn(`The audit sink ${sink.name} failed, and is tried again`, error);
        })
        .finally(() => this.sending.delete(sink.name));
      this.sending.set(sink.name, sent);
    }
  }

  /** Sends what is left, unless that takes too long: then it is sent after the next start. */
  async stop(): Promise<void> {
    await this.settled();
    this.wake();
    await this.settled();
  }

  private async settled(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([
      Promise.all(this.sending.values()),
      sleep(STOP_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  private async sendAll(sink: AuditSink): Promise<void> {
    const current = monthOf(new Date());
    const last = monthOf(new Date(startOf(current).getTime() - 1));
    for (const month of (await this.chains.months()).filter((one) => one <= current)) {
      const name = `${sink.name} ${month}`;
      if (this.done.has(name)) continue;
      await this.send(sink, `${month}-01`, (sent) => this.linkedEntries(month, sent));
      if (month < last) this.done.add(name);
    }
    await this.send(sink, CHECKPOINTS, (sent) => this.checkpointsAfter(sent));
  }

  /** Sends what comes after what has been sent, batch by batch; while another instance does, it leaves it to that. */
  private async send(sink: AuditSink, series: string, next: (sent: number) => Promise<Batch>): Promise<void> {
    let sent = await this.claim(sink, series);
    try {
      while (sent !== undefined) {
        const { records, last } = await next(sent);
        if (last === undefined) break;
        await withTimeout(sink.write(records), WRITE_TIMEOUT_MS);
        sent = await this.advance(sink, series, sent, last, CLAIM_MS);
      }
    } finally {
      if (sent !== undefined) await this.advance(sink, series, sent, sent, 0);
    }
  }

  private async linkedEntries(month: Month, sent: number): Promise<Batch> {
    const links = await this.chains.linksFrom(month, sent + 1, BATCH);
    const entries = await this.entries.findAll(links.map(({ entryId }) => entryId));
    const records = links.flatMap(({ sequence, hash, entryId }): AuditRecord[] => {
      const entry = entries.get(entryId);
      return entry === undefined ? [] : [{ type: 'entry', month, sequence, hash: hash.toString('hex'), entry }];
    });
    return { records, last: links.at(-1)?.sequence };
  }

  private async checkpointsAfter(sent: number): Promise<Batch> {
    const found = await this.checkpoints.after(sent, BATCH);
    return {
      records: found.map(({ checkpoint }) => ({ type: 'checkpoint', checkpoint })),
      last: found.at(-1)?.number,
    };
  }

  /** @returns how far it has been sent this series; `undefined` while another instance sends it */
  private async claim({ name }: AuditSink, series: string): Promise<number | undefined> {
    const [row] = await this.prisma.$queryRaw<{ sequence: bigint }[]>`
      INSERT INTO audit.deliveries AS d VALUES (
        ${name}, ${series}::date, 0, clock_timestamp() + ${CLAIM_MS} * interval '1 millisecond')
      ON CONFLICT (sink, month) DO UPDATE SET claimed_until = EXCLUDED.claimed_until
        WHERE d.claimed_until < clock_timestamp()
      RETURNING sequence`;
    return row === undefined ? undefined : Number(row.sequence);
  }

  /**
   * @param claimMs for how long this process goes on; 0 gives the series back
   * @returns how far it has been sent now; `undefined` where another instance has taken over
   */
  private async advance(
    { name }: AuditSink,
    series: string,
    from: number,
    to: number,
    claimMs: number,
  ): Promise<number | undefined> {
    const count = await this.prisma.$executeRaw`
      UPDATE audit.deliveries
      SET sequence = ${to}, claimed_until = clock_timestamp() + ${claimMs} * interval '1 millisecond'
      WHERE sink = ${name} AND month = ${series}::date AND sequence = ${from}`;
    return count > 0 ? to : undefined;
  }
}

async function withTimeout(work: Promise<void>, timeoutMs: number): Promise<void> {
  const over = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(`It took longer than ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
    // Its rejection, once it is too late for one, is nobody's.
    late.catch(() => undefined);
  }
}
