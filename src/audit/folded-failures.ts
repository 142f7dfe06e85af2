import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { AppConfig } from '#config';
import { BackgroundTask } from '#platform/background';
import { PrismaService, timeOfUuidV7, uuidV7 } from '#platform/database';
import type { AuditedFailure } from '#platform/events';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';
import { FoldsRepository } from './folds.repository.js';

const FOLD_MS = 60_000;
/** How often the repeats counted meanwhile are stored, in milliseconds: what a killed process loses at most. */
const STORE_MS = 1_000;
/** Milliseconds between two writes of finished folds: repeated failures that are joined in one entry. */
const WRITE_MS = 2_000;
/** Entries written in one transaction. */
const BATCH = 1_000;
/** Beyond this number of folds, the oldest end early. */
const MAX_FOLDS = 10_000;

interface Fold {
  readonly key: Buffer;
  /** The latest of the repeats. */
  latest: AuditEntry;
  /** Repeats that are not stored yet. */
  count: number;
  /** Whether any have been stored in this minute. */
  stored: boolean;
  /** Milliseconds, as `performance.now()` counts. */
  readonly endsAt: number;
  /** Whether another minute follows one with repeats. */
  readonly renewed: boolean;
}

/**
 * Keeps failures from filling the disk: the first is written at once, and its repeats in the minute after it as one entry
 * with their number.
 */
@Injectable()
export class FoldedFailures implements OnApplicationBootstrap {
  /** By what the failures have in common; sorted by `endsAt`. */
  private readonly folds = new Map<string, Fold>();
  private readonly hmacKey: Buffer;
  private readonly storing = new BackgroundTask({
    name: 'Storing the number of repeated failures',
    everyMs: STORE_MS,
    run: () => this.store(),
  });
  private readonly writing = new BackgroundTask({
    name: 'Recording repeated failures',
    everyMs: WRITE_MS,
    run: async () => {
      if (await this.stored.hasEnded()) await this.write();
    },
  });

  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly stored: FoldsRepository,
    private readonly prisma: PrismaService,
    config: AppConfig,
  ) {
    this.hmacKey = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'folded failures', 32));
  }

  onApplicationBootstrap(): void {
    this.storing.start();
    this.writing.start();
  }

  async record(entry: AuditEntry, { repeated, foldsTargets }: AuditedFailure): Promise<void> {
    const { action, outcome, actor, ip, reason } = entry;
    const target = foldsTargets ? null : entry.target;
    const common = JSON.stringify([action, outcome, actor.id, normalizeIp(ip ?? ''), target, reason, repeated]);
    const fold = this.folds.get(common);
    if (fold !== undefined) {
      // An entry for several targets names none of them.
      const sameTarget = fold.latest.target.id === entry.target.id;
      fold.latest = sameTarget ? entry : { ...entry, target: { ...entry.target, id: null } };
      fold.count += 1;
      return;
    }
    // The key is stored, and may be made from a name as it was typed.
    const key = createHmac('sha256', this.hmacKey).update(common).digest();
    const endsAt = performance.now() + FOLD_MS;
    const first: Fold = { key, latest: entry, count: 0, stored: false, endsAt, renewed: foldsTargets };
    this.folds.set(common, first);
    if (this.folds.size > MAX_FOLDS) this.storing.wake();
    try {
      await this.entries.insert([entry]);
    } catch (error) {
      // So that the next one is written as the first. Repeats that came meanwhile are stored later.
      if (first.count === 0) this.folds.delete(common);
      throw error;
    }
  }

  /** Writes the repeats counted so far. */
  async stop(): Promise<void> {
    await Promise.all([this.storing.stop(), this.writing.stop()]);
    const keys = [...this.folds.values()].map(({ key }) => key);
    await this.store();
    await this.write(keys);
  }

  private async store(): Promise<void> {
    const now = performance.now();
    const counted = [...this.folds.values()].filter(({ count }) => count > 0);
    const repeats = counted.map(({ key, latest, count, endsAt }) => ({
      key,
      latest,
      count,
      remainingMs: endsAt - now,
    }));
    if (repeats.length > 0) await this.stored.add(repeats);
    for (const [index, fold] of counted.entries()) {
      fold.count -= repeats[index]?.count ?? 0;
      fold.stored = true;
    }
    this.end(now);
  }

  /** Ends the folds that are over, and the oldest ones while there are too many. */
  private end(now: number): void {
    for (const [common, fold] of this.folds) {
      if (fold.endsAt > now && this.folds.size <= MAX_FOLDS) break;
      // Repeats counted while the others were stored come with the next run.
      if (fold.count > 0) continue;
      this.folds.delete(common);
      if (fold.renewed && fold.stored) this.folds.set(common, { ...fold, stored: false, endsAt: now + FOLD_MS });
    }
  }

  /** @param keys of folds to write although they are not over */
  private async write(keys: readonly Buffer[] = []): Promise<void> {
    let written: number;
    do {
      written = await this.prisma.$transaction(async (db) => {
        const ended = await this.stored.take(db, BATCH, keys);
        if (ended.length > 0) await this.entries.insert(ended.map(atThisTime), db);
        return ended.length;
      });
    } while (written === BATCH);
  }
}

function atThisTime(entry: AuditEntry): AuditEntry {
  const id = uuidV7();
  return { ...entry, id, time: timeOfUuidV7(id).toISOString() };
}
