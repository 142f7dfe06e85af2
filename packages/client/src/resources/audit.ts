import { isObject, parse } from '../answer.js';
import { type Api, contentOf, memberOf } from '../api.js';
import { UnexpectedResponseError } from '../errors.js';
import {
  exportAuditEntries,
  getAuditEntry,
  listAuditEntries,
  listUserHistory,
  verifyAuditLog,
} from '../generated/sdk.gen.js';
import { lines } from '../lines.js';
import { paged } from '../paging.js';
import type { AuditEntry, AuditFilters, AuditVerification, HistoryOptions } from '../types.js';

/** The audit log: who did what. */
export class Audit {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists entries, the newest first. Each page is asked for when its first entry is read. */
  list(filters: AuditFilters = {}): AsyncGenerator<AuditEntry, void, undefined> {
    return paged('auditLogs', (cursor) =>
      listAuditEntries({ ...this.api.session, query: { ...filters, limit: filters.limit ?? 100, cursor } }),
    );
  }

  /** Reads an entry. @throws NotFoundError */
  async get(entryId: string): Promise<AuditEntry> {
    return memberOf(await getAuditEntry({ ...this.api.session, path: { entryId } }), 'auditLog');
  }

  /** Lists the entries by or about a user (a UUID, or `me`), the newest first. */
  history(userId: string, options: HistoryOptions = {}): AsyncGenerator<AuditEntry, void, undefined> {
    return paged('auditLogs', (cursor) => {
      const query = { ...options, limit: options.limit ?? 100, cursor };
      return listUserHistory({ ...this.api.session, path: { id: userId }, query });
    });
  }

  /**
   * Checks one page of the chain of entries.
   *
   * @param cursor the `nextCursor` of the page before; without it, the first page is checked
   */
  async verify(cursor?: string): Promise<AuditVerification> {
    return contentOf(await verifyAuditLog({ ...this.api.session, query: cursor === undefined ? {} : { cursor } }));
  }

  /**
   * Streams all entries in one answer.
   *
   * @throws ConnectionError where the answer is cut off. It is not continued: entries would come twice.
   */
  async *export(filters: Omit<AuditFilters, 'limit'> = {}): AsyncGenerator<AuditEntry, void, undefined> {
    const { response } = await exportAuditEntries({ ...this.api.stream, query: filters, parseAs: 'stream' });
    for await (const line of lines(response, this.api.timeoutMs)) yield readEntry(line, response.status);
  }
}

function readEntry(line: string, status: number): AuditEntry {
  const entry = parse(line);
  if (!isEntry(entry)) throw new UnexpectedResponseError('A line of the export is not an audit entry', status);
  return entry;
}

/** The other fields are taken to be what the API description says, as those of every answer are. */
function isEntry(value: unknown): value is AuditEntry {
  return isObject(value) && typeof value['id'] === 'string';
}
