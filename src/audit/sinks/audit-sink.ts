import type { AuditEntry } from '../audit-entry.js';
import type { SignedCheckpoint } from '../chain/checkpoint.js';

/** An entry with its place in its month's chain. The hashes are hexadecimal. */
export interface LinkedEntry {
  readonly type: 'entry';
  readonly month: string;
  readonly sequence: number;
  readonly hash: string;
  readonly entry: AuditEntry;
}

export interface SentCheckpoint {
  readonly type: 'checkpoint';
  readonly checkpoint: SignedCheckpoint;
}

export type AuditRecord = LinkedEntry | SentCheckpoint;

/** A place outside the database that gets a copy of the audit log. */
export abstract class AuditSink {
  /** Up to 50 characters; the position in the log is stored under this name. */
  abstract readonly name: string;

  /** Resolves when the records are stored; a rejection or a crash sends them again, so they arrive at least once. */
  abstract write(records: readonly AuditRecord[]): Promise<void>;
}

/** A line of JSON per record. */
export function toLines(records: readonly AuditRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
