import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppConfig } from '#config';
import { PrismaService } from '#platform/database';
import { BackgroundTask } from '#platform/background';
import { type Month, monthAfter, startOf } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { isGenuine, trustedKeys } from './checkpoint.js';
import { CheckpointService } from './checkpoint.service.js';
import { CheckpointsRepository } from './checkpoints.repository.js';

const INTERVAL_MS = 12 * 60 * 60_000;
/** How many months ahead partitions are made. */
const MONTHS_AHEAD = 3;
/** How long a sweep waits for a busy linker, in milliseconds. */
const LOCK_PATIENCE_MS = 10_000;

/**
 * Makes the partitions of the coming months, and drops those of months older than entries are kept. Each is sealed by a
 * checkpoint first, so that what is left can still be verified.
 */
@Injectable()
export class AuditRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    name: 'Making and dropping audit partitions',
    everyMs: INTERVAL_MS,
    run: () => this.keepUp(),
  });

  constructor(
    private readonly prisma: PrismaService,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointService,
    private readonly checkpointsRepository: CheckpointsRepository,
    private readonly config: AppConfig,
  ) {}

  /** Needs nothing but a connection, such as the schema owner's. */
  static on(prisma: PrismaService, config: AppConfig): AuditRetention {
    const [chains, repository] = [new ChainsRepository(prisma), new CheckpointsRepository(prisma)];
    return new AuditRetention(
      prisma,
      chains,
      new CheckpointService(prisma, chains, repository, config),
      repository,
      config,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.chains.makePartitions(MONTHS_AHEAD);
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /**
   * Needs the rights of the schema's owner.
   *
   * @returns the months that are gone
   */
  async sweep(now = new Date()): Promise<Month[]> {
    await this.chains.makePartitions(MONTHS_AHEAD);
    const dropped: Month[] = [];
    for (const month of await this.chains.monthsWithTables()) {
      const keptUntil = startOf(monthAfter(month)).getTime() + this.config.audit.retentionMs;
      const due = keptUntil < now.getTime() && (await this.isSaidDropped(month));
      if (!due && !(await this.wasInterrupted(month))) continue;
      await this.drop(month);
      dropped.push(month);
    }
    return dropped;
  }

  /** @returns whether a checkpoint, made now if needed, says that the month is dropped, or the month has no entries */
  private async isSaidDropped(month: Month): Promise<boolean> {
    if (!(await this.checkpoints.seal(month, LOCK_PATIENCE_MS))) return false;
    const latest = await this.checkpointsRepository.latestOf(month);
    return (
      latest === undefined ||
      latest.kind === 'dropped' ||
      (await this.checkpoints.make(month, 'dropped', LOCK_PATIENCE_MS))
    );
  }

  /** Whether an earlier sweep has signed that it drops the month, and did not finish: the retention may be longer now. */
  private async wasInterrupted(month: Month): Promise<boolean> {
    const latest = await this.checkpointsRepository.latestOf(month);
    return latest?.kind === 'dropped' && isGenuine(latest, trustedKeys(this.config));
  }

  /** Any role may make partitions; the application drops them only where it owns the schema. */
  private async keepUp(): Promise<void> {
    await this.chains.makePartitions(MONTHS_AHEAD);
    const [row] = await this.prisma.$queryRaw<[{ owner: boolean }]>`
      SELECT pg_has_role(relowner, 'MEMBER') AS owner FROM pg_class WHERE oid = 'audit.entries'::regclass`;
    if (row.owner) await this.sweep();
  }

  /** Detaching concurrently blocks no writer, and nothing uses the table when it is dropped. */
  private async drop(month: Month): Promise<void> {
    const suffix = month.replace('-', '_');
    for (const parent of ['links', 'entries']) {
      const partition = `audit.${parent}_${suffix}`;
      const [attached] = await this.prisma.$queryRaw<{ pending: boolean }[]>`
        SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhrelid = to_regclass(${partition})`;
      const how = attached?.pending === true ? 'FINALIZE' : 'CONCURRENTLY';
      if (attached !== undefined) {
        await this.prisma.$executeRawUnsafe(`ALTER TABLE audit.${parent} DETACH PARTITION ${partition} ${how}`);
      }
      await this.prisma.$executeRawUnsafe(`DROP TABLE IF EXISTS ${partition}`);
    }
  }
}
