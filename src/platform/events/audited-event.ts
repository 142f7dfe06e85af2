export const AUDIT_OUTCOMES = ['success', 'failure', 'denied'] as const;

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** A field of the target, before and after. Values that are secret have no place here. */
export type AuditChanges = Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;

/** What an act was. Who did it, from where and when is known from the request. */
export interface AuditFacts {
  /** `noun.past_verb`, as it was declared. */
  readonly action: string;
  /** `success`, unless it says otherwise. */
  readonly outcome?: AuditOutcome;
  readonly target: { readonly type: string; readonly id: string | null };
  readonly changes?: AuditChanges;
  /** Up to 500 characters. */
  readonly reason?: string | undefined;
  /** Where that is not who the request speaks for: at a login, who has just logged in. */
  readonly actor?: { readonly userId: string; readonly sessionId: string };
}

/** An event that the audit log records. Published in a transaction, its entries commit with the change or not at all. */
export abstract class AuditedEvent {
  abstract audited(): readonly AuditFacts[];
}

/**
 * A refusal or a failure, which changes nothing: published on its own. The first is recorded at once, its repeats by the
 * same actor from the same address in the minute after it as one entry with a count.
 */
export abstract class AuditedFailure extends AuditedEvent {
  /** What two of them have in common that are repeats of each other, besides the action, the actor and the address. */
  abstract readonly repeated: string;
}

/** The fields of an object that differ, of those that are named. */
export function changesBetween<T extends object>(
  before: Partial<T> | undefined,
  after: Partial<T> | undefined,
  fields: readonly (keyof T & string)[],
): AuditChanges {
  const changes: Record<string, { before: unknown; after: unknown }> = {};
  for (const field of fields) {
    const [old, now] = [before?.[field] ?? null, after?.[field] ?? null];
    if (JSON.stringify(old) !== JSON.stringify(now)) changes[field] = { before: old, after: now };
  }
  return changes;
}
