import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '#config';
import { BackgroundTask } from '#platform/background';
import { AuditedEvent, EventBus } from '#platform/events';
import { PrismaService, timeOfUuidV7 } from '#platform/database';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { gapAfter, type Head, type Link, linkAfter, type Month, monthOf, startOf } from './chain/chain.js';
import { ChainsRepository } from './chain/chains.repository.js';
import { CheckpointService } from './chain/checkpoint.service.js';
import { DeliveryService } from './sinks/delivery.service.js';
import { FoldedFailures } from './folded-failures.js';

/** How long entries are gathered before they are linked, in milliseconds. */
const GATHER_MS = 250;
/** How often it looks for entries that another instance wrote and left unlinked, in milliseconds. */
const LOOK_MS = 1_000;
/** A backlog older than this, in milliseconds, is logged, and again after each further minute. */
const BACKLOG_MS = 10_000;
const REMIND_MS = 60_000;
const BATCH = 500;
/** At most this many batches per run, so that checkpoints are not starved. */
const MAX_BATCHES = 20;

/**
 * Gives each entry its place in its month's chain right after its commit, so that no writer waits for another; then makes
 * the checkpoints that are due.
 */
@Injectable()
export class LinkerService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private readonly task = new BackgroundTask({
    name: 'Linking audit entries',
    everyMs: LOOK_MS,
    run: () => this.work(),
  });
  /** Months that may have entries without a checkpoint; at the start, those that a killed process may have left. */
  private readonly grown: Set<Month>;
  private checkpointsDueAt = 0;
  /** When a backlog was last logged, in milliseconds since the epoch; `undefined` while there is none. */
  private backlogLoggedAt: number | undefined;
  /** All months before this one are sealed. */
  private sealedUntil: Month | undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointService,
    private readonly deliveries: DeliveryService,
    private readonly folded: FoldedFailures,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {
    const now = new Date();
    this.grown = new Set([monthOf(new Date(startOf(monthOf(now)).getTime() - 1)), monthOf(now)]);
  }

  onApplicationBootstrap(): void {
    this.events.afterCommit(AuditedEvent, async () => this.task.wake(GATHER_MS));
    this.task.start();
  }

  /** The server has answered its last request by now: its last entries are linked before the database closes. */
  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    this.checkpointsDueAt = 0;
    try {
      await this.folded.stop();
      await this.work();
      await this.deliveries.stop();
    } catch (error) {
      this.logger.warn('The last entries could not be linked or sent', error);
    }
  }

  /** Links all that there is now, makes the checkpoints that are due, and has them sent. */
  async work(): Promise<void> {
    const oldest = await this.chains.oldestUnlinked();
    let linked = oldest === undefined ? 0 : await this.linkBatch();
    // A limit, as under load there is always another batch.
    for (let batches = 1; linked === BATCH && batches < MAX_BATCHES; batches += 1) linked = await this.linkBatch();
    await this.noteBacklog(oldest);
    await this.sealPastMonths();
    const checkpointsDue = this.grown.size > 0 && Date.now() >= this.checkpointsDueAt;
    if (checkpointsDue) {
      for (const month of this.grown) if (await this.checkpoints.make(month, 'open')) this.grown.delete(month);
      this.checkpointsDueAt = Date.now() + this.config.audit.checkpointIntervalMs;
    }
    if (linked > 0 || checkpointsDue) this.deliveries.wake();
  }

  /** @returns how many were linked; none while another instance links */
  private async linkBatch(): Promise<number> {
    return this.prisma.$transaction(async (db) => {
      if (!(await this.chains.lock(db))) return 0;
      const ids = await this.chains.unlinked(BATCH, db);
      const [entries, linked] = [await this.entries.findAll(ids, db), await this.chains.linksOf(ids, db)];
      const heads = new Map<Month, Head>();
      const links: Link[] = [];
      for (const id of ids) {
        const entry = entries.get(id);
        if (linked.has(id)) {
          this.logger.error(`The audit entry ${id} has a link already`);
          continue;
        }
        if (entry === undefined) this.logger.error(`The audit entry ${id} was removed before it had a link`);
        const month = monthOf(timeOfUuidV7(id));
        const head = heads.get(month) ?? (await this.chains.head(month, db));
        const link = entry === undefined ? gapAfter(head, month, id) : linkAfter(head, month, entry);
        heads.set(month, link);
        links.push(link);
      }
      await this.chains.add(links, ids, db);
      for (const month of heads.keys()) this.grown.add(month);
      return ids.length;
    });
  }

  /** @param before the oldest entry without a link before this run */
  private async noteBacklog(before: string | undefined): Promise<void> {
    const left = before !== undefined && isBacklog(before) ? await this.chains.oldestUnlinked() : undefined;
    if (left === undefined || !isBacklog(left)) {
      if (this.backlogLoggedAt !== undefined) this.logger.log('All audit entries are linked again');
      this.backlogLoggedAt = undefined;
      return;
    }
    if (this.backlogLoggedAt !== undefined && Date.now() - this.backlogLoggedAt < REMIND_MS) return;
    this.backlogLoggedAt = Date.now();
    const holder = await this.chains.lockHolder();
    const reason = holder === undefined ? '' : `: the database process ${holder} holds the lock`;
    this.logger.warn(`Audit entries have waited since ${timeOfUuidV7(left).toISOString()} to be linked${reason}`);
  }

  private async sealPastMonths(): Promise<void> {
    const current = monthOf(new Date());
    if (this.sealedUntil === current) return;
    const past = (await this.chains.months()).filter((month) => month < current);
    let all = true;
    for (const month of past) all = (await this.checkpoints.seal(month)) && all;
    if (all) this.sealedUntil = current;
  }
}

function isBacklog(id: string): boolean {
  return Date.now() - timeOfUuidV7(id).getTime() > BACKLOG_MS;
}
