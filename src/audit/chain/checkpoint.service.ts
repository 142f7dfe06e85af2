import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { PrismaService, timeOfUuidV7, uuidV7 } from '#platform/database';
import { type Month, monthAfter, startOf } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { type Checkpoint, hashOfCheckpoint, signCheckpoint } from './checkpoint.js';
import { CheckpointsRepository } from './checkpoints.repository.js';

/** How long after its end a month is sealed, in milliseconds: clocks differ, and transactions take time. */
const SEAL_AFTER_MS = 60 * 60_000;
/** How often a patient caller tries for the lock, in milliseconds. */
const RETRY_MS = 50;

/** Makes signed checkpoints of the chains. */
@Injectable()
export class CheckpointService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param patienceMs how long to try while other transactions link entries or make checkpoints, in milliseconds
   * @returns whether the end of the chain has a checkpoint now; `false` where another transaction holds the lock
   */
  async make(month: Month, kind: Checkpoint['kind'], patienceMs = 0): Promise<boolean> {
    const end = performance.now() + patienceMs;
    while (!(await this.tryToMake(month, kind))) {
      if (performance.now() >= end) return false;
      await sleep(RETRY_MS);
    }
    return true;
  }

  /** @returns whether the month is over and its chain, if any, is sealed */
  async seal(month: Month, patienceMs = 0): Promise<boolean> {
    if (Date.now() - startOf(monthAfter(month)).getTime() < SEAL_AFTER_MS) return false;
    if (await this.chains.hasUnlinkedIn(month)) return false;
    const { entryId } = await this.chains.head(month);
    return entryId === undefined || (await this.make(month, 'sealed', patienceMs));
  }

  private async tryToMake(month: Month, kind: Checkpoint['kind']): Promise<boolean> {
    return this.prisma.$transaction(async (db) => {
      if (!(await this.chains.lock(db))) return false;
      const latest = await this.checkpoints.latestOf(month, db);
      const { sequence, hash, entryId } = await this.chains.head(month, db);
      if (entryId === undefined) return kind === 'open';
      if (latest?.sequence === sequence && (latest.kind === kind || kind === 'open')) return true;
      // A second seal must not cover entries that were added after the first.
      if (kind === 'sealed' && (await this.checkpoints.sealOf(month, db)) !== undefined) return true;
      const previous = await this.checkpoints.latest(db);
      const id = uuidV7();
      const checkpoint: Checkpoint = {
        id,
        kind,
        month,
        sequence,
        hash: hash.toString('hex'),
        entryId,
        time: timeOfUuidV7(id).toISOString(),
        previous: previous === undefined ? null : hashOfCheckpoint(previous),
      };
      await this.checkpoints.insert(signCheckpoint(checkpoint, this.config.audit.signingKey), db);
      return true;
    });
  }
}
