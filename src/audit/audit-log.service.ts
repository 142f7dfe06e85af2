import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import type { AuditAction, AuditChanges } from '#platform/events';
import { UserAttributes } from '#platform/extensions';
import { CursorPages, type PageRequest, type Pagination } from '#platform/paging';
import type { Principal } from '#platform/request';
import { UsersService } from '#users';
import { type AuditFilters, AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';
import { AuditEntryNotFoundError } from './audit.errors.js';
import { AuditRecorder } from './audit-recorder.js';
import { AuditVerification } from './chain/audit-verification.js';
import { VerificationCursors } from './chain/verification-cursors.js';
import type { VerificationResponse } from './dto/verification.response.js';
import type { Link } from './chain/chain.js';
import { ChainsRepository } from './chain/chains.repository.js';
import { trustedKeys } from './chain/checkpoint.js';
import { CheckpointsRepository } from './chain/checkpoints.repository.js';

/** How many entries a page of the verification checks: a few tens of milliseconds of CPU time. */
const VERIFIED_AT_ONCE = 1_000;
/** How many entries an export holds in memory. */
const EXPORTED_AT_ONCE = 100;

export interface AuditQuery extends PageRequest {
  readonly filters: AuditFilters;
}

export interface AuditPage {
  readonly entries: AuditEntry[];
  readonly pagination: Pagination;
}

/** Reads the audit log, and records that it was read. */
@Injectable()
export class AuditLogService {
  private readonly verification: AuditVerification;

  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly recorder: AuditRecorder,
    checkpoints: CheckpointsRepository,
    private readonly verificationCursors: VerificationCursors,
    private readonly pages: CursorPages,
    private readonly users: UsersService,
    private readonly attributes: UserAttributes,
    config: AppConfig,
  ) {
    const evidence = { externalCheckpoints: [], trusted: trustedKeys(config) };
    this.verification = new AuditVerification(entries, chains, checkpoints, evidence);
  }

  /** @throws ValidationError for a cursor that another query gave */
  async page(query: AuditQuery): Promise<AuditPage> {
    const page = await this.find(query);
    await this.note('audit.read', query.filters);
    return page;
  }

  /**
   * What a user did, and what was done to them. Callers without `audit:read` do not see everything, see
   * `withheld`. Reading one's own history is not recorded, as every page would add an entry to it.
   *
   * @throws UserNotFoundError, ValidationError for a cursor that another query gave
   */
  async history(userId: string, page: PageRequest, by: Principal): Promise<AuditPage> {
    const bySelf = by.userId === userId;
    if (!bySelf) await this.users.get(userId);
    const { entries, pagination } = await this.find({ ...page, filters: { userId } });
    if (!bySelf) await this.recorder.record([{ action: 'audit.read', target: { type: 'user', id: userId } }]);
    const shown = by.permissions.has('audit:read') ? entries : entries.map((entry) => this.withheld(entry, userId));
    return { entries: shown, pagination };
  }

  /** @throws AuditEntryNotFoundError */
  async get(id: string): Promise<AuditEntry> {
    const entry = await this.entries.findById(id);
    if (entry === undefined) throw new AuditEntryNotFoundError();
    await this.recorder.record([{ action: 'audit.read', target: { type: 'audit-entry', id } }]);
    return entry;
  }

  /** Every entry as a line of JSON, the oldest first; its place in its chain lets the export be verified. */
  async export(filters: AuditFilters): Promise<Readable> {
    await this.note('audit.exported', filters);
    return Readable.from(this.lines(filters), { highWaterMark: 1 });
  }

  /** @throws ValidationError for a cursor that no page gave */
  async verify(cursor: string | undefined): Promise<VerificationResponse> {
    const place = cursor === undefined ? undefined : this.verificationCursors.read(cursor);
    const page = await this.verification.page(place, VERIFIED_AT_ONCE);
    const { unlinked, oldestUnlinked, invalidId = null } = await this.verification.backlog();
    const valid = page.valid && invalidId === null;
    const target = { type: 'audit-log', id: null };
    await this.recorder.record([{ action: 'audit.verified', outcome: valid ? 'success' : 'failure', target }]);
    return {
      valid,
      entries: page.entries,
      firstInvalidId: page.firstInvalidId ?? invalidId,
      nextCursor: page.next === null ? null : this.verificationCursors.write(page.next),
      unlinked,
      oldestUnlinked: oldestUnlinked?.toISOString() ?? null,
    };
  }

  private async find({ filters, limit, cursor: text }: AuditQuery): Promise<AuditPage> {
    const list = { identity: ['audit-logs', filters], limit, sortKeyOf: () => null };
    const cursor = text === undefined ? undefined : this.pages.read(text, list);
    const order = cursor?.direction === 'previous' ? 'oldest first' : 'newest first';
    const found = await this.entries.find(filters, { beyond: cursor?.anchor?.id, order, limit: limit + 1 });
    const { rows: entries, pagination } = this.pages.cut(found, cursor, list);
    return { entries, pagination };
  }

  /** An export without filters follows the order of the chains, for verification; entries not linked yet come last. */
  private async *lines(filters: AuditFilters): AsyncGenerator<string> {
    if (Object.values(filters).some((value) => value !== undefined)) yield* this.filteredLines(filters);
    else yield* this.allLines();
  }

  private async *filteredLines(filters: AuditFilters): AsyncGenerator<string> {
    let beyond: string | undefined;
    for (;;) {
      const found = await this.entries.find(filters, { beyond, order: 'oldest first', limit: EXPORTED_AT_ONCE });
      if (found.length === 0) return;
      const links = await this.chains.linksOf(found.map(({ id }) => id));
      yield found.map((entry) => toLine(entry, links.get(entry.id))).join('');
      beyond = found.at(-1)?.id;
    }
  }

  private async *allLines(): AsyncGenerator<string> {
    const unlinked = await this.chains.unlinked(Number.MAX_SAFE_INTEGER);
    for (const month of await this.chains.months()) {
      for (let sequence = 1; ;) {
        const links = await this.chains.linksFrom(month, sequence, EXPORTED_AT_ONCE);
        const entries = await this.entries.findAll(links.map(({ entryId }) => entryId));
        yield links.map((link) => toLine(entries.get(link.entryId), link)).join('');
        if (links.length < EXPORTED_AT_ONCE) break;
        sequence += links.length;
      }
    }
    // Entries linked in the meantime were among the chains above.
    for (let start = 0; start < unlinked.length; start += EXPORTED_AT_ONCE) {
      const ids = unlinked.slice(start, start + EXPORTED_AT_ONCE);
      const [entries, links] = await Promise.all([this.entries.findAll(ids), this.chains.linksOf(ids)]);
      yield ids.map((id) => (links.has(id) ? '' : toLine(entries.get(id), undefined))).join('');
    }
  }

  /**
   * An entry as shown to a user who lacks `audit:read`. It leaves out from where other people acted, the changes made to
   * other users, those of attributes that the user may not read, and the permission that a denial was about.
   */
  private withheld(entry: AuditEntry, userId: string): AuditEntry {
    const byOther = entry.actor.id !== userId;
    const ofOther = entry.target.type === 'user' && entry.target.id !== userId;
    return {
      ...entry,
      changes: entry.changes && this.readable(entry.changes, userId),
      ...(byOther ? { actor: { ...entry.actor, sessionId: null }, ip: null, userAgent: null } : {}),
      ...(ofOther ? { changes: null, reason: null } : {}),
      ...(entry.action === 'permission.denied' ? { reason: null } : {}),
    };
  }

  private readable(changes: AuditChanges, userId: string): AuditChanges {
    const prefix = 'attributes.';
    const shown = Object.entries(changes).filter(
      ([name]) => !name.startsWith(prefix) || this.attributes.isReadable(name.slice(prefix.length), userId),
    );
    return Object.fromEntries(shown);
  }

  private note(action: AuditAction, filters: AuditFilters): Promise<void> {
    const given = Object.entries(filters).filter(([, value]) => value !== undefined);
    const reason = given.length === 0 ? undefined : JSON.stringify(Object.fromEntries(given));
    return this.recorder.record([{ action, target: { type: 'audit-log', id: null }, reason }]);
  }
}

/** An entry and its place in its chain; `null` while the entry is not linked yet. */
function toLine(entry: AuditEntry | undefined, link: Link | undefined): string {
  if (entry === undefined) return '';
  const place = link && { month: link.month, sequence: link.sequence, hash: link.hash.toString('hex') };
  return `${JSON.stringify({ ...entry, link: place ?? null })}\n`;
}
