import { type PrismaService, timeOfUuidV7 } from '#platform/database';
import { AuditEntriesRepository } from '../audit-entries.repository.js';
import type { AuditEntry } from '../audit-entry.js';
import { genesis, hashOf, type Link, type Month, monthAfter, startOf } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { byMonth, hashOfCheckpoint, isGenuine, type SignedCheckpoint } from './checkpoint.js';
import { CheckpointsRepository } from './checkpoints.repository.js';

const CHECKPOINTS_AT_ONCE = 1_000;
/** An entry is linked within seconds. While one waits for longer than this, in milliseconds, the log is not valid. */
const MAX_UNLINKED_MS = 60_000;

/** Up to where a verification has checked. */
export interface VerificationPlace {
  readonly month: Month;
  readonly sequence: number;
  /** Hexadecimal. */
  readonly hash: string;
  /** The greatest id of an entry in this chain up to here. */
  readonly greatestId: string | undefined;
}

export interface VerifiedPage {
  readonly valid: boolean;
  /** How many entries this page has checked. */
  readonly entries: number;
  /** The first entry that does not fit; after a deletion, the first that no longer fits. */
  readonly firstInvalidId: string | null;
  /** `null` at the end. */
  readonly next: VerificationPlace | null;
}

/** The entries that no chain covers yet. */
export interface Backlog {
  readonly unlinked: number;
  /** Since when the oldest of them waits. */
  readonly oldestUnlinked: Date | null;
  /** One that was removed, or has waited for too long. */
  readonly invalidId: string | undefined;
}

/** What a verification knows besides the database. */
export interface Evidence {
  /** Checkpoints that were kept outside the database. */
  readonly externalCheckpoints: readonly SignedCheckpoint[];
  /** The public keys that checkpoints must be signed with. */
  readonly trusted: ReadonlySet<string>;
}

/** Follows the chains of every month and compares them with the entries and the checkpoints, page by page. */
export class AuditVerification {
  private readonly externalCheckpoints: ReadonlyMap<Month, readonly SignedCheckpoint[]>;

  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    private readonly evidence: Evidence,
  ) {
    this.externalCheckpoints = byMonth(evidence.externalCheckpoints);
  }

  /** @param place the `next` of the page before; none for the first page */
  async page(place: VerificationPlace | null | undefined, limit: number): Promise<VerifiedPage> {
    let from = place ?? (await this.startOfMonthAfter(undefined));
    while (from !== undefined) {
      const page = await this.pageOfMonth(from, limit);
      if (page.entries > 0 || page.next === null) return page;
      // A month without entries makes no page.
      from = page.next;
    }
    return { valid: true, entries: 0, firstInvalidId: null, next: null };
  }

  async backlog(): Promise<Backlog> {
    const [oldest, { count: unlinked, removed }] = await Promise.all([
      this.chains.oldestUnlinked(),
      this.chains.countUnlinked(),
    ]);
    const oldestUnlinked = oldest === undefined ? null : timeOfUuidV7(oldest);
    const overdue = oldestUnlinked !== null && Date.now() - oldestUnlinked.getTime() > MAX_UNLINKED_MS;
    return { unlinked, oldestUnlinked, invalidId: removed ?? (overdue ? oldest : undefined) };
  }

  /** @returns the entry of the first checkpoint that is not signed by us or does not follow the one before it */
  async brokenCheckpoint(): Promise<string | undefined> {
    let previous: string | null = null;
    for (let after = 0; ;) {
      const found = await this.checkpoints.after(after, CHECKPOINTS_AT_ONCE);
      for (const { checkpoint } of found) {
        if (checkpoint.previous !== previous || !this.isOurs(checkpoint)) return checkpoint.entryId;
        previous = hashOfCheckpoint(checkpoint);
      }
      const last = found.at(-1);
      if (last === undefined) return undefined;
      after = last.number;
    }
  }

  private async pageOfMonth(from: VerificationPlace, limit: number): Promise<VerifiedPage> {
    const { month } = from;
    // Reads the last link of the page before again: a second link with its sequence would show.
    const found = await this.chains.linksFrom(month, from.sequence, limit + 1);
    const links = found[0]?.sequence === from.sequence ? found.slice(1) : found;
    const entries = await this.entries.findAll(links.map(({ entryId }) => entryId));
    const checkpoints = await this.checkpointsBetween(month, from.sequence, links.at(-1)?.sequence ?? from.sequence);
    let at = from;
    for (const [index, link] of links.entries()) {
      const { sequence, entryId, hash } = link;
      if (!this.follows(link, at, entries.get(entryId), checkpoints.get(sequence) ?? [])) return failed(entryId, index);
      const greatestId = at.greatestId === undefined || entryId > at.greatestId ? entryId : at.greatestId;
      at = { month, sequence, hash: hash.toString('hex'), greatestId };
    }
    const ends = found.length <= limit;
    const stray = await this.chains.findStray(month, from.greatestId, ends ? undefined : at.greatestId);
    if (stray !== undefined) return failed(stray, links.length);
    if (!ends) return { valid: true, entries: links.length, firstInvalidId: null, next: at };
    const wrongEnd = await this.wrongEnd(month, at.sequence);
    if (wrongEnd !== undefined) return failed(wrongEnd, links.length);
    const next = (await this.startOfMonthAfter(month)) ?? null;
    return { valid: true, entries: links.length, firstInvalidId: null, next };
  }

  private follows(
    { sequence, hash }: Link,
    before: VerificationPlace,
    entry: AuditEntry | undefined,
    checkpoints: readonly SignedCheckpoint[],
  ): boolean {
    return (
      sequence === before.sequence + 1 &&
      entry !== undefined &&
      hashOf(Buffer.from(before.hash, 'hex'), entry).equals(hash) &&
      checkpoints.every((checkpoint) => checkpoint.hash === hash.toString('hex') && this.isOurs(checkpoint))
    );
  }

  /** @returns an entry that shows that the chain was cut, or grew after its month was sealed */
  private async wrongEnd(month: Month, sequence: number): Promise<string | undefined> {
    const cut =
      (await this.checkpoints.beyond(month, sequence)) ??
      this.externalCheckpoints.get(month)?.find((checkpoint) => checkpoint.sequence > sequence);
    if (cut !== undefined) return cut.entryId;
    const seal = await this.checkpoints.sealOf(month);
    if (seal === undefined || seal.sequence === sequence) return undefined;
    const [behind] = await this.chains.linksFrom(month, seal.sequence + 1, 1);
    return behind?.entryId;
  }

  private async startOfMonthAfter(month: Month | undefined): Promise<VerificationPlace | undefined> {
    const [withEntries, withCheckpoints] = await Promise.all([this.chains.months(), this.checkpoints.months()]);
    const months = [...new Set([...withEntries, ...withCheckpoints, ...this.externalCheckpoints.keys()])].toSorted();
    for (const next of months.filter((one) => month === undefined || one > month)) {
      if (await this.wasDropped(next)) continue;
      const { sequence, hash } = genesis(next);
      return { month: next, sequence, hash: hash.toString('hex'), greatestId: undefined };
    }
    return undefined;
  }

  /** Whether a signed checkpoint says that the month was removed: the retention of that day decided, not today's. */
  private async wasDropped(month: Month): Promise<boolean> {
    const latest = await this.checkpoints.latestOf(month);
    return latest?.kind === 'dropped' && latest.time > startOf(monthAfter(month)).toISOString() && this.isOurs(latest);
  }

  private async checkpointsBetween(month: Month, after: number, upTo: number) {
    const externalCheckpoints = this.externalCheckpoints.get(month) ?? [];
    const between = externalCheckpoints.filter(({ sequence }) => sequence > after && sequence <= upTo);
    const bySequence = new Map<number, SignedCheckpoint[]>();
    for (const checkpoint of [...(await this.checkpoints.between(month, after, upTo)), ...between]) {
      bySequence.set(checkpoint.sequence, [...(bySequence.get(checkpoint.sequence) ?? []), checkpoint]);
    }
    return bySequence;
  }

  private isOurs(checkpoint: SignedCheckpoint): boolean {
    return isGenuine(checkpoint, this.evidence.trusted);
  }
}

/** Needs nothing but a connection. */
export function verificationOf(prisma: PrismaService, evidence: Evidence): AuditVerification {
  const entries = new AuditEntriesRepository(prisma);
  return new AuditVerification(entries, new ChainsRepository(prisma), new CheckpointsRepository(prisma), evidence);
}

function failed(firstInvalidId: string, entries: number): VerifiedPage {
  return { valid: false, entries, firstInvalidId, next: null };
}
