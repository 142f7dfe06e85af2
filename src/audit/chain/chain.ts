import { createHash } from 'node:crypto';
import type { AuditEntry } from '../audit-entry.js';

/** A month's chain, as `YYYY-MM`. */
export type Month = string;

/** The place of an entry in its month's chain. */
export interface Link {
  readonly month: Month;
  /** Counts from 1. */
  readonly sequence: number;
  readonly entryId: string;
  /** SHA-256 of the hash before it and the entry. */
  readonly hash: Buffer;
}

/** The last link of a chain. */
export interface Head {
  readonly sequence: number;
  readonly hash: Buffer;
}

/** The start of a month's chain; it differs for each month, so that chains cannot be exchanged. */
export function genesis(month: Month): Head {
  return { sequence: 0, hash: createHash('sha256').update(`audit log of ${month}`).digest() };
}

/** The link that adds an entry to a chain. */
export function linkAfter(head: Head, month: Month, entry: AuditEntry): Link {
  return { month, sequence: head.sequence + 1, entryId: entry.id, hash: hashOf(head.hash, entry) };
}

/** The place of an entry that was removed before it had a link: nothing can be found there, so verification fails. */
export function gapAfter(head: Head, month: Month, entryId: string): Link {
  const hash = createHash('sha256')
    .update(head.hash)
    .update(canonicalJson({ removed: entryId }))
    .digest();
  return { month, sequence: head.sequence + 1, entryId, hash };
}

export function hashOf(previous: Buffer, entry: AuditEntry): Buffer {
  return createHash('sha256').update(previous).update(canonicalJson(entry)).digest();
}

/** The canonical text of a JSON value: no spaces, the keys of each object sorted (RFC 8785). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // By UTF-16 code units, as sort() does by itself.
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

export function monthOf(time: Date): Month {
  return time.toISOString().slice(0, 7);
}

export function monthAfter(month: Month): Month {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return monthOf(new Date(Date.UTC(year, number, 1)));
}

/** The first moment of a month. */
export function startOf(month: Month): Date {
  return new Date(`${month}-01T00:00:00.000Z`);
}
