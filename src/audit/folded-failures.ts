import { Injectable, Logger } from '@nestjs/common';
import { normalizeIp } from '@nestjs/throttler';
import { timeOfUuidV7, uuidV7 } from './uuid-v7.js';
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
export class FoldedFailures {
  private readonly logger = new Logger('Audit');
  private readonly folds = new Map<string, Fold>();

  constructor(private readonly entries: AuditEntriesRepository) {}

  /** @param repeated what its repeats have in common with it, besides the action, the actor and the address */
  async record(entry: AuditEntry, repeated: string): Promise<void> {
    const { action, outcome, actor, ip, reason } = entry;
    const key = JSON.stringify([action, outcome, actor.id, normalizeIp(ip ?? ''), reason, repeated]);
    const fold = this.folds.get(key);
    if (fold !== undefined) {
      fold.latest = entry;
      fold.count += 1;
      return;
    }
    this.folds.set(key, { latest: entry, count: 0, timer: setTimeout(() => this.end(key), FOLD_MS).unref() });
    const [oldest = ''] = this.folds.keys();
    if (this.folds.size > MAX_FOLDS) this.end(oldest);
    try {
      await this.entries.insert([entry]);
    } catch (error) {
      // The next one is the first, then.
      this.folds.delete(key);
      throw error;
    }
  }

  /** Writes what has been counted until now. */
  async flush(): Promise<void> {
    await this.write([...this.folds.keys()]);
  }

  private end(key: string): void {
    this.write([key]).catch((error: unknown) => this.logger.error('Repeated failures could not be recorded', error));
  }

  private async write(keys: readonly string[]): Promise<void> {
    const ended = keys.flatMap((key) => {
      const fold = this.folds.get(key);
      this.folds.delete(key);
      clearTimeout(fold?.timer);
      return fold === undefined || fold.count === 0 ? [] : [toEntry(fold)];
    });
    if (ended.length > 0) await this.entries.insert(ended);
  }
}

function toEntry({ latest, count }: Fold): AuditEntry {
  const id = uuidV7();
  return { ...latest, id, time: timeOfUuidV7(id).toISOString(), count };
}
