import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { AuditFacts } from '../platform/audit/index.js';
import { CursorPages } from '../platform/http/cursor-pages.js';
import type { Pagination } from '../platform/http/pagination.js';
import type { Principal } from '../platform/http/principal.js';
import { UsersService } from '../users/index.js';
import { type AuditFilters, AuditEntriesRepository } from './audit-entries.repository.js';
import type { AuditEntry } from './audit-entry.js';
import { AuditEntryNotFoundError } from './audit.errors.js';
import { AuditRecorder } from './audit-recorder.js';
import { AuditVerification, type VerifiedPage } from './audit-verification.js';
import { VerificationCursors } from './verification-cursors.js';
import type { Link } from './chain.js';
import { ChainsRepository } from './chains.repository.js';

export const AUDIT_ACTIONS = ['audit.read', 'audit.exported', 'audit.verified'] as const;

/** How many entries a page of the verification looks at: some tens of milliseconds of a core. */
const VERIFIED_AT_ONCE = 1_000;
/** How many an export holds in memory. */
const EXPORTED_AT_ONCE = 500;

export interface AuditQuery {
  readonly filters: AuditFilters;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface AuditPage {
  readonly entries: AuditEntry[];
  readonly pagination: Pagination;
}

/** The audit log, for those who read it: which is recorded too. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly chains: ChainsRepository,
    private readonly recorder: AuditRecorder,
    private readonly verification: AuditVerification,
    private readonly verificationCursors: VerificationCursors,
    private readonly pages: CursorPages,
    private readonly users: UsersService,
  ) {}

  /** @throws ValidationError for a cursor that another query gave */
  async page(query: AuditQuery): Promise<AuditPage> {
    const page = await this.find(query);
    await this.note('audit.read', query.filters);
    return page;
  }

  /**
   * What a user did, and what was done to them. To the user, from where others acted is not said; nor is it noted that
   * they asked, as every page would add to the list.
   *
   * @throws UserNotFoundError, ValidationError for a cursor that another query gave
   */
  async history(userId: string, query: Omit<AuditQuery, 'filters'>, by: Principal): Promise<AuditPage> {
    const bySelf = by.userId === userId;
    if (!bySelf) await this.users.get(userId);
    const { entries, pagination } = await this.find({ ...query, filters: { userId } });
    if (!bySelf) await this.recorder.record([{ action: 'audit.read', target: { type: 'user', id: userId } }]);
    const hidden = (entry: AuditEntry) => bySelf && entry.actor.id !== userId && !by.permissions.has('audit:read');
    const shown = entries.map((entry) => (hidden(entry) ? { ...entry, ip: null, userAgent: null } : entry));
    return { entries: shown, pagination };
  }

  /** @throws AuditEntryNotFoundError */
  async get(id: string): Promise<AuditEntry> {
    const entry = await this.entries.findById(id);
    if (entry === undefined) throw new AuditEntryNotFoundError();
    await this.recorder.record([{ action: 'audit.read', target: { type: 'audit-entry', id } }]);
    return entry;
  }

  /** Every entry, the oldest first, as lines of JSON; each with its place in its chain, so that the whole can be verified. */
  async export(filters: AuditFilters): Promise<Readable> {
    await this.note('audit.exported', filters);
    return Readable.from(this.lines(filters));
  }

  /** @throws ValidationError for a cursor that no page gave */
  async verify(cursor: string | undefined): Promise<VerifiedPage & { nextCursor: string | null }> {
    const place = cursor === undefined ? undefined : this.verificationCursors.read(cursor);
    const page = await this.verification.page(place, VERIFIED_AT_ONCE);
    const target = { type: 'audit-log', id: null };
    await this.recorder.record([{ action: 'audit.verified', outcome: page.valid ? 'success' : 'failure', target }]);
    return { ...page, nextCursor: page.next === null ? null : this.verificationCursors.write(page.next) };
  }

  private async find({ filters, limit, cursor: text }: AuditQuery): Promise<AuditPage> {
    const list = { identity: ['audit-logs', filters], limit, sortKeyOf: () => null };
    const cursor = text === undefined ? undefined : this.pages.read(text, list);
    const order = cursor?.direction === 'previous' ? 'oldest first' : 'newest first';
    const found = await this.entries.find(filters, { beyond: cursor?.anchor?.id, order, limit: limit + 1 });
    const { rows: entries, pagination } = this.pages.cut(found, cursor, list);
    return { entries, pagination };
  }

  private async *lines(filters: AuditFilters): AsyncGenerator<string> {
    let beyond: string | undefined;
    for (;;) {
      const found = await this.entries.find(filters, { beyond, order: 'oldest first', limit: EXPORTED_AT_ONCE });
      if (found.length === 0) return;
      const links = await this.chains.linksOf(found.map(({ id }) => id));
      yield found
        .map((entry) => `${JSON.stringify({ ...entry, link: toExportedLink(links.get(entry.id)) })}\n`)
        .join('');
      beyond = found.at(-1)?.id;
    }
  }

  private note(action: AuditFacts['action'], filters: AuditFilters): Promise<void> {
    const given = Object.entries(filters).filter(([, value]) => value !== undefined);
    const reason = given.length === 0 ? undefined : JSON.stringify(Object.fromEntries(given));
    return this.recorder.record([{ action, target: { type: 'audit-log', id: null }, reason }]);
  }
}

/** `null` for an entry that has been written this very moment. */
function toExportedLink(link: Link | undefined) {
  if (link === undefined) return null;
  const { month, sequence, hash } = link;
  return { month, sequence, hash: hash.toString('hex') };
}
