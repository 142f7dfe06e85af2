import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { BackgroundTask } from '#platform/background';
import { timeOfUuidV7, uuidV7 } from './uuid-v7.js';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';

const FOLD_MS = 60_000;
/** How often folds whose minute is over are written, in milliseconds. */
const WRITE_MS = 1_000;
/** Beyond this number of folds, the oldest are written early. */
const MAX_FOLDS = 10_000;

interface Fold {
  /** The latest of the repeats. */
  latest: AuditEntry;
  /** How many repeats there were, the first failure not counted. */
  count: number;
  /** Milliseconds, as `performance.now()` counts. */
  readonly endsAt: number;
}

/**
 * Keeps failures from filling the disk: the first is written at once, and its repeats in the minute after it as one entry
 * with their number.
 */
@Injectable()
export class FoldedFailures implements OnApplicationBootstrap {
  /** Sorted by `endsAt`. */
  private readonly folds = new Map<string, Fold>();
  private readonly task = new BackgroundTask({
    name: 'Recording repeated failures',
    everyMs: WRITE_MS,
    run: () => this.write(({ endsAt }) => endsAt <= performance.now()),
  });

  constructor(private readonly entries: AuditEntriesRepository) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  /** @param repeated see `AuditedFailure.repeated` */
  async record(entry: AuditEntry, repeated: string): Promise<void> {
    const { action, outcome, actor, target, ip, reason } = entry;
    const key = JSON.stringify([action, outcome, actor.id, normalizeIp(ip ?? ''), target, reason, repeated]);
    const fold = this.folds.get(key);
    if (fold !== undefined) {
      fold.latest = entry;
      fold.count += 1;
      return;
    }
    this.folds.set(key, { latest: entry, count: 0, endsAt: performance.now() + FOLD_MS });
    if (this.folds.size > MAX_FOLDS) this.task.wake();
    try {
      await this.entries.insert([entry]);
    } catch (error) {
      // So that the next one is written as the first.
      this.folds.delete(key);
      throw error;
    }
  }

  /** Writes the repeats counted so far. */
  async stop(): Promise<void> {
    await this.task.stop();
    await this.write(() => true);
  }

  /** Writes the folds that are over, and the oldest ones while there are too many. */
  private async write(isOver: (fold: Fold) => boolean): Promise<void> {
    const ended: [string, Fold][] = [];
    for (const [key, fold] of this.folds) {
      if (!isOver(fold) && this.folds.size <= MAX_FOLDS) break;
      this.folds.delete(key);
      if (fold.count > 0) ended.push([key, fold]);
    }
    if (ended.length === 0) return;
    try {
      await this.entries.insert(ended.map(([, fold]) => toEntry(fold)));
    } catch (error) {
      // Counted again with the next write.
      for (const [key, fold] of ended) {
        const newer = this.folds.get(key);
        if (newer === undefined) this.folds.set(key, fold);
        else newer.count += fold.count;
      }
      throw error;
    }
  }
}

function toEntry({ latest, count }: Fold): AuditEntry {
  const id = uuidV7();
  return { ...latest, id, time: timeOfUuidV7(id).toISOString(), count };
}
