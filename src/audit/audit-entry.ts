import type { AuditChanges, AuditOutcome } from '#platform/events';

export const ACTOR_TYPES = ['user', 'system', 'anonymous'] as const;

/** What happened, who did it, to what, and from where. */
export interface AuditEntry {
  /** A UUIDv7 made at `time`. */
  readonly id: string;
  /** ISO 8601, with milliseconds. */
  readonly time: string;
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actor: {
    readonly id: string | null;
    readonly type: (typeof ACTOR_TYPES)[number];
    readonly sessionId: string | null;
  };
  readonly target: { readonly type: string; readonly id: string | null };
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly changes: AuditChanges | null;
  readonly reason: string | null;
  /** How many acts the entry stands for: more than one where repeats were folded. */
  readonly count: number;
}

/** An entry as a row of the table. */
export interface AuditRow {
  readonly id: string;
  readonly time: Date;
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actor_id: string | null;
  readonly actor_type: AuditEntry['actor']['type'];
  readonly session_id: string | null;
  readonly target_type: string;
  readonly target_id: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly changes: AuditChanges | null;
  readonly reason: string | null;
  readonly count: number;
}

export function toEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    time: row.time.toISOString(),
    action: row.action,
    outcome: row.outcome,
    actor: { id: row.actor_id, type: row.actor_type, sessionId: row.session_id },
    target: { type: row.target_type, id: row.target_id },
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    changes: row.changes,
    reason: row.reason,
    count: row.count,
  };
}

export function toRow(entry: AuditEntry): AuditRow {
  const { id, action, outcome, actor, target, ip, changes, reason, count } = entry;
  return {
    id,
    time: new Date(entry.time),
    action,
    outcome,
    actor_id: actor.id,
    actor_type: actor.type,
    session_id: actor.sessionId,
    target_type: target.type,
    target_id: target.id,
    ip,
    user_agent: entry.userAgent,
    request_id: entry.requestId,
    changes,
    reason,
    count,
  };
}
