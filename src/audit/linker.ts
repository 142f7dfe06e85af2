import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { AuditedEvent, timeOfUuidV7 } from '../platform/audit/index.js';
import { PrismaService } from '../platform/database/index.js';
import { EventBus } from '../platform/events/event-bus.js';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { type Head, type Link, linkAfter, type Month, monthOf, startOf } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { Checkpoints } from './checkpoints.js';
import { Deliveries } from './deliveries.js';

/** How long entries are gathered before they are linked, in milliseconds. */
const GATHER_MS = 250;
/** How often it looks for what others have left, in milliseconds. */
const LOOK_MS = 1_000;
const BATCH = 500;

/**
 * Gives each entry its place in its month's chain, right after its commit: whoever writes an entry waits for nobody. Then
 * makes the checkpoints that are due, and sends all of it to the sinks.
 */
@Injectable()
export class Linker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Audit');
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private urgent = false;
  private stopping = false;
  /** Months that this process has linked entries of since its last checkpoints. */
  private readonly grown = new Set<Month>();
  private checkpointsDueAt = 0;
  private sealed: Month | undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: Checkpoints,
    private readonly deliveries: Deliveries,
    private readonly events: EventBus,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.events.onCommit(AuditedEvent, async () => this.wake());
    this.arm(LOOK_MS);
  }

  /** What has been committed until now is linked before the database goes. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.working;
    this.checkpointsDueAt = 0;
    await this.work().catch((error: unknown) => this.logger.warn('The last entries could not be linked', error));
  }

  /** Links all that there is, makes the checkpoints that are due, and delivers. */
  async work(): Promise<void> {
    while (await this.chains.hasUnlinked()) if (!(await this.linkBatch())) break;
    await this.sealLastMonth();
    if (this.grown.size > 0 && Date.now() >= this.checkpointsDueAt) {
      for (const month of this.grown) if (await this.checkpoints.make(month, 'open')) this.grown.delete(month);
      this.checkpointsDueAt = Date.now() + this.config.audit.checkpointIntervalMs;
    }
    await this.deliveries.deliver();
  }

  private wake(): void {
    if (this.urgent || this.stopping) return;
    this.urgent = true;
    if (this.working === undefined) this.arm(GATHER_MS);
  }

  private arm(delayMs: number): void {
    clearTimeout(this.timer);
    if (!this.stopping) this.timer = setTimeout(() => this.run(), delayMs).unref();
  }

  private run(): void {
    this.urgent = false;
    this.working = this.work()
      .catch((error: unknown) => this.logger.warn('Audit entries could not be linked yet', error))
      .finally(() => {
        this.working = undefined;
        this.arm(this.urgent ? GATHER_MS : LOOK_MS);
      });
  }

  /** @returns whether it did; otherwise another instance is at it */
  private async linkBatch(): Promise<boolean> {
    return this.prisma.$transaction(async (db) => {
      if (!(await this.chains.lock(db))) return false;
      const ids = await this.chains.unlinked(BATCH, db);
      const entries = await this.entries.findAll(ids, db);
      const heads = new Map<Month, Head>();
      const links: Link[] = [];
      for (const id of ids) {
        const entry = entries.get(id);
        if (entry === undefined) {
          this.logger.error(`The audit entry ${id} is gone before it was linked`);
          continue;
        }
        const month = monthOf(timeOfUuidV7(id));
        const link = linkAfter(heads.get(month) ?? (await this.chains.head(month, db)), month, entry);
        heads.set(month, link);
        links.push(link);
      }
      await this.chains.add(links, ids, db);
      for (const month of heads.keys()) this.grown.add(month);
      return true;
    });
  }

  private async sealLastMonth(): Promise<void> {
    const last = monthOf(new Date(startOf(monthOf(new Date())).getTime() - 1));
    if (this.sealed !== last && (await this.checkpoints.seal(last))) this.sealed = last;
  }
}
