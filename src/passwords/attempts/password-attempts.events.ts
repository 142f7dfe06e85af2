import { AuditedFailure } from '#platform/events';

/** A password was not checked, as there had been too many wrong ones. */
export class PasswordAttemptsThrottled extends AuditedFailure<'login.throttled'> {
  override readonly foldsTargets = true;

  constructor(userId: string | null) {
    super('login.throttled', { type: 'user', id: userId }, { outcome: 'denied' });
  }
}
