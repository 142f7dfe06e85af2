export const AUDIT_OUTCOMES = ['success', 'failure', 'denied'] as const;

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

export const AUDIT_ACTION_NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

/** `noun.past_verb` */
export type AuditAction = `${string}.${string}`;

export interface AuditTarget {
  readonly type: string;
  readonly id: string | null;
}

/** A field of the target, before and after. Passwords, tokens and other secrets have no place here. */
export type AuditChanges = Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;

export interface AuditDetails {
  /** `success` by default. */
  readonly outcome?: AuditOutcome;
  readonly changes?: AuditChanges;
  /** Up to 500 characters. */
  readonly reason?: string | undefined;
  /** The number of things that the entry stands for; 1 by default. */
  readonly count?: number;
  /** Set where the actor is not the principal of the request: at a login, the user who has just logged in. */
  readonly actor?: { readonly userId: string; readonly sessionId: string };
  /** The request to record; by default the current one. Set by work that runs after the answer. */
  readonly request?: RequestFacts;
}

/** What the audit log says of a request. */
export interface RequestFacts {
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent: string | null;
}

/** Describes an act. The request tells who did it, when and from where. */
export interface AuditFacts extends AuditDetails {
  readonly action: AuditAction;
  readonly target: AuditTarget;
}

/** An event that the audit log records. Published in a transaction, its entries commit with the change or not at all. */
export abstract class AuditedEvent<Action extends AuditAction = AuditAction> {
  private readonly details: readonly AuditDetails[];

  /** @param details of its one entry; a list gives as many entries */
  constructor(
    readonly action: Action,
    readonly target: AuditTarget,
    details: AuditDetails | readonly AuditDetails[] = {},
  ) {
    this.details = [details].flat();
  }

  /** The entries to record. */
  get facts(): readonly AuditFacts[] {
    const { action, target } = this;
    return this.details.map((details) => ({ action, target, ...details }));
  }
}

/**
 * A refusal or a failure, which changes nothing and is published without a transaction. The first is recorded at once, its
 * repeats by the same actor from the same address in the minute after it as one entry with a count.
 */
export abstract class AuditedFailure<Action extends AuditAction = AuditAction> extends AuditedEvent<Action> {
  /** What repeats have in common besides the action, the outcome, the reason, the target, the actor and the address. */
  readonly repeated: string = '';
  /**
   * Whether failures of the action fold whatever their target, and for as long as no minute passes without one: an address
   * then fills one entry a minute, however many accounts it tries.
   */
  readonly foldsTargets: boolean = false;
}

/** Compares the named fields of an object and returns those that differ. */
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
