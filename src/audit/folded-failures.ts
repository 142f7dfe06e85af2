import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { timeOfUuidV7, uuidV7 } from '../platform/audit/index.js';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';

const FOLD_MS = 60_000;
/** Past this, the oldest are written early. */
const MAX_FOLDS = 10_000;

interface Fold {
  /** The latest of the repeats. */
  latest: AuditEntry;
  count: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Keeps failures from filling the disk: the first is written at once, and what repeats it in the minute after that, as one
 * entry with their number.
 */
@Injectable()
export class FoldedFailures implements OnModuleDestroy {
  private readonly logger = new Logger('Audit');
  private readonly folds = new Map<string, Fold>();
  private closing = false;

  constructor(private readonly entries: AuditEntriesRepository) {}

  async record(entry: AuditEntry): Promise<void> {
    const key = JSON.stringify([entry.action, entry.outcome, entry.actor.id, entry.ip, entry.target, entry.reason]);
    if (this.closing) return this.entries.insert([entry]);
    const fold = this.folds.get(key);
    if (fold !== undefined) {
      fold.latest = entry;
      fold.count += 1;
      return undefined;
    }
    const timer = setTimeout(() => {
      this.close(key).catch((error: unknown) => this.logger.error('Repeated failures could not be recorded', error));
    }, FOLD_MS).unref();
    this.folds.set(key, { latest: entry, count: 0, timer });
    const [oldest] = this.folds.keys();
    if (this.folds.size > MAX_FOLDS && oldest !== undefined) await this.close(oldest);
    return this.entries.insert([entry]);
  }

  /** Those of the minute under way are written before the database goes. */
  async onModuleDestroy(): Promise<void> {
    this.closing = true;
    for (const key of this.folds.keys()) await this.close(key);
  }

  private async close(key: string): Promise<void> {
    const fold = this.folds.get(key);
    if (fold === undefined) return;
    this.folds.delete(key);
    clearTimeout(fold.timer);
    if (fold.count === 0) return;
    const id = uuidV7();
    await this.entries.insert([{ ...fold.latest, id, time: timeOfUuidV7(id).toISOString(), count: fold.count }]);
  }
}
