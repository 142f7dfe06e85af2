import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { PrismaService } from '#platform/database';
import { BackgroundTask } from '#platform/background';
import { AuditEntriesRepository } from '../audit-entries.repository.js';
import type { AuditRecord, AuditSink } from './audit-sink.js';
import { AuditSinks } from './audit-sinks.js';
import { type Month, monthOf, startOf } from '../chain/chain.js';
import { ChainsRepository } from '../chain/chains.repository.js';
import { CheckpointsRepository } from '../chain/checkpoints.repository.js';

const BATCH = 500;
/** How long a sink may take for a batch, in milliseconds; after that it is tried again. */
const WRITE_TIMEOUT_MS = 10_000;
/** How long an instance has a series to itself, in milliseconds: longer than a sink may take for a batch. */
const CLAIM_MS = 30_000;
/** How often each sink is sent what other instances left, and what failed, in milliseconds. */
const INTERVAL_MS = 5_000;
/** How long a stop may take to send what is left, in milliseconds. */
const STOP_MS = 2_000;
/** The series of checkpoints, beside those of the months. */
const CHECKPOINTS = '-infinity';

interface Batch {
  readonly records: readonly AuditRecord[];
  /** Where the batch ends; `undefined` where there is nothing to send. */
  readonly last: number | undefined;
}

/**
 * Sends each sink what has been linked since it was last sent something, and the checkpoints: at least once, in order. A
 * sink that is slow or fails holds up no other.
 */
@Injectable()
export class DeliveryService implements OnApplicationBootstrap {
  private readonly logger = new Logger('Audit');
  private tasks: readonly BackgroundTask[] = [];
  /** Months whose chains are sealed and that a sink has received completely, as `<sink> <month>`. */
  private readonly done = new Set<string>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    private readonly sinks: AuditSinks,
  ) {}

  /** Every module has added its sinks by now. */
  onApplicationBootstrap(): void {
    this.tasks = this.sinks.all.map(
      (sink) =>
        new BackgroundTask({
          name: `Sending to the audit sink ${sink.name}`,
          everyMs: INTERVAL_MS,
          run: () => this.sendAll(sink),
        }),
    );
    for (const task of this.tasks) task.start();
    this.wake();
  }

  /** Starts sending in the background, unless the sink has just failed. */
  wake(): void {
    for (const task of this.tasks) task.wake();
  }

  /** Sends what is left. What takes too long is sent after the next start. */
  async stop(): Promise<void> {
    const sent = Promise.all(this.tasks.map((task) => task.stop())).then(() =>
      Promise.all(this.sinks.all.map((sink) => this.sendAll(sink))),
    );
    await withTimeout(sent, STOP_MS).catch((error: unknown) =>
      this.logger.warn('Not all was sent to the audit sinks: the rest is sent after the next start', error),
    );
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

  /** Sends the rest of a series batch by batch, unless another instance is sending it. */
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

  /** @returns up to where the sink has received this series; `undefined` while another instance sends it */
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
   * @param claimMs how long this instance keeps the series to itself; 0 releases it
   * @returns up to where the sink has received it now; `undefined` when another instance has taken over
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

async function withTimeout(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const over = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`It took longer than ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
