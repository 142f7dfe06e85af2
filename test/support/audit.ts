import { ChainsRepository } from '../../src/audit/chain/chains.repository.js';
import { LinkerService } from '../../src/audit/linker.service.js';
import { holderOf } from './accounts.js';
import { startApp, type TestApp } from './app.js';
import type { ApiAnswer } from './client.js';
import type { Session } from './factories.js';
import { waitUntil } from './wait.js';

/** An entry as the API returns it. */
export interface AuditLogEntry {
  readonly id: string;
  readonly time: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly id: string | null; readonly type: string; readonly sessionId: string | null };
  readonly target: { readonly type: string; readonly id: string | null };
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly changes: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>> | null;
  readonly reason: string | null;
  readonly count: number;
}

/** A running application, and who acts on it and reads its audit log. */
export interface AuditedApp {
  readonly test: TestApp;
  readonly admin: Session;
  /** Holds `audit:read` and no other permission. */
  readonly auditor: Session;
  /** Sends a request of the admin's. */
  readonly asAdmin: (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;
}

export async function startAuditedApp(): Promise<AuditedApp> {
  const test = await startApp();
  const admin = await test.admin();
  const auditor = await holderOf(test, ['audit:read']);
  return {
    test,
    admin,
    auditor,
    asAdmin: (method, path, body) => test.api.send(method, path, { token: admin.token, body }),
  };
}

/** Reads the audit log as an admin, the newest entries first. */
export async function auditLogs(test: TestApp, query: Readonly<Record<string, string>> = {}): Promise<AuditLogEntry[]> {
  const { token } = await test.admin();
  const parameters = new URLSearchParams({ limit: '100', ...query });
  const { status, body, text } = await test.api.get(`/audit-logs?${parameters.toString()}`, {
    token,
  });
  if (status !== 200) throw new Error(`The audit log was answered ${status}: ${text}`);
  return body.data.auditLogs;
}

/** The entry that an answered request wrote; fails unless there is exactly one. */
export async function entryOf(test: TestApp, { headers }: Pick<ApiAnswer, 'headers'>): Promise<AuditLogEntry> {
  const requestId = headers.get('x-request-id') ?? '';
  const [entry, ...others] = await auditLogs(test, { requestId });
  if (entry === undefined || others.length > 0) {
    throw new Error(`The request ${requestId} wrote ${entry === undefined ? 'no' : others.length + 1} audit entries`);
  }
  return entry;
}

/** Links all entries that have been written so far. */
export async function linkNow(test: TestApp): Promise<void> {
  await waitUntil('all entries are linked', async () => {
    // Links nothing while the application's own run in the background does.
    await test.app.get(LinkerService).work();
    return (await test.app.get(ChainsRepository).oldestUnlinked()) === undefined;
  });
}
