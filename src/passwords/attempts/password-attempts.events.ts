import { AuditedFailure, type AuditFacts } from '#platform/events';

export const THROTTLING_ACTIONS = ['login.throttled'] as const;

/** A password was not checked, as too many wrong ones came before it. */
export class PasswordAttemptsThrottled extends AuditedFailure {
  constructor(
    readonly userId: string | null,
    readonly repeated: string,
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    return [{ action: 'login.throttled', outcome: 'denied', target: { type: 'user', id: this.userId } }];
  }
}
