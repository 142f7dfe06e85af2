import { createPublicKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import type { PrismaService } from '../platform/database/index.js';
import { AuditEntriesRepository } from './audit-entries.repository.js';
import { genesis, hashOf, type Month } from './chain.js';
import { ChainsRepository } from './chains.repository.js';
import { isGenuine, publicKeyText, type SignedCheckpoint } from './checkpoint.js';
import { CheckpointsRepository } from './checkpoints.repository.js';

/** Where a verification has come to. */
export interface VerificationPlace {
  readonly month: Month;
  readonly sequence: number;
  /** Hexadecimal. */
  readonly hash: string;
  /** The greatest id of an entry in this chain so far. */
  readonly greatestId: string | undefined;
}

export interface VerifiedPage {
  readonly valid: boolean;
  /** How many entries this page has looked at. */
  readonly entries: number;
  /** The first entry that does not fit; of one that is gone, the first that no longer fits. */
  readonly firstInvalidId: string | null;
  /** `null` at the end. */
  readonly next: VerificationPlace | null;
}

/** Follows the chains of every month and compares them with the entries and the checkpoints, page by page. */
@Injectable()
export class AuditVerification {
  /** What checkpoints of the present key are signed with; those of one before need to be genuine by themselves. */
  private readonly ownKey: string;
  /** Checkpoints that were kept elsewhere. */
  private held: readonly SignedCheckpoint[] = [];
  /** The one key that is believed, if there is one. */
  private onlyKey: string | undefined;

  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly checkpoints: CheckpointsRepository,
    { audit }: AppConfig,
  ) {
    this.ownKey = publicKeyText(createPublicKey(audit.signingKey));
  }

  /**
   * For a database of which there is nothing but the connection.
   *
   * @param held checkpoints that were kept elsewhere
   * @param key the public key that checkpoints must be signed with; without it, any of theirs
   */
  static on(
    prisma: PrismaService,
    config: AppConfig,
    held: readonly SignedCheckpoint[] = [],
    key?: string,
  ): AuditVerification {
    const repositories = [
      new AuditEntriesRepository(prisma),
      new ChainsRepository(prisma),
      new CheckpointsRepository(prisma),
    ] as const;
    const verification = new AuditVerification(...repositories, config);
    verification.held = held;
    verification.onlyKey = key;
    return verification;
  }

  /** @param place where the page before ended; without it, the first one begins */
  async page(place: VerificationPlace | null | undefined, limit: number): Promise<VerifiedPage> {
    for (let from = place ?? (await this.startOfMonthAfter(undefined)); ;) {
      if (from === undefined) return { valid: true, entries: 0, firstInvalidId: null, next: null };
      const page = await this.pageOfMonth(from, limit);
      if (page.entries > 0 || page.next === null) return page;
      // A month without entries is no page.
      from = page.next;
    }
  }

  private async pageOfMonth(from: VerificationPlace, limit: number): Promise<VerifiedPage> {
    const { month } = from;
    const links = await this.chains.linksAfter(month, from.sequence, limit);
    const entries = await this.entries.findAll(links.map(({ entryId }) => entryId));
    let at = from;
    const upTo = links.at(-1)?.sequence ?? from.sequence;
    const checkpoints = [
      ...(await this.checkpoints.between(month, from.sequence, upTo)),
      ...this.heldOf(month, from.sequence, upTo),
    ];
    for (const [index, { sequence, entryId, hash }] of links.entries()) {
      const entry = entries.get(entryId);
      const fits =
        sequence === at.sequence + 1 &&
        entry !== undefined &&
        hashOf(Buffer.from(at.hash, 'hex'), entry).equals(hash) &&
        checkpoints.filter((one) => one.sequence === sequence).every((one) => this.fits(one, hash));
      if (!fits) return failed(entryId, index);
      const greatestId = at.greatestId === undefined || entryId > at.greatestId ? entryId : at.greatestId;
      at = { month, sequence, hash: hash.toString('hex'), greatestId };
    }
    const ends = links.length < limit;
    const stray = await this.chains.findStray(month, from.greatestId, ends ? undefined : at.greatestId);
    if (stray !== undefined) return failed(stray, links.length);
    if (!ends) return { valid: true, entries: links.length, firstInvalidId: null, next: at };
    const cut = (await this.checkpoints.beyond(month, at.sequence)) ?? this.heldOf(month, at.sequence)[0];
    if (cut !== undefined) return failed(cut.entryId, links.length);
    const next = (await this.startOfMonthAfter(month)) ?? null;
    return { valid: true, entries: links.length, firstInvalidId: null, next };
  }

  private async startOfMonthAfter(month: Month | undefined): Promise<VerificationPlace | undefined> {
    const [withEntries, withCheckpoints] = await Promise.all([this.chains.months(), this.checkpoints.months()]);
    const heldMonths = this.held.map((checkpoint) => checkpoint.month);
    const months = [...new Set([...withEntries, ...withCheckpoints, ...heldMonths])].toSorted();
    for (const next of months.filter((one) => month === undefined || one > month)) {
      const latest = await this.checkpoints.latestOf(next);
      // What was older than entries are kept is gone, and that is said under a signature.
      if (latest?.kind === 'dropped' && this.isOurs(latest)) continue;
      const { sequence, hash } = genesis(next);
      return { month: next, sequence, hash: hash.toString('hex'), greatestId: undefined };
    }
    return undefined;
  }

  private heldOf(month: Month, after: number, upTo = Number.POSITIVE_INFINITY): SignedCheckpoint[] {
    return this.held.filter((one) => one.month === month && one.sequence > after && one.sequence <= upTo);
  }

  private fits(checkpoint: SignedCheckpoint, hash: Buffer): boolean {
    return checkpoint.hash === hash.toString('hex') && this.isOurs(checkpoint);
  }

  /** Signed with the present key, or with one that was replaced. */
  private isOurs(checkpoint: SignedCheckpoint): boolean {
    const own = checkpoint.publicKey === this.ownKey ? this.ownKey : undefined;
    return isGenuine(checkpoint, this.onlyKey ?? own);
  }
}

function failed(firstInvalidId: string, entries: number): VerifiedPage {
  return { valid: false, entries, firstInvalidId, next: null };
}
