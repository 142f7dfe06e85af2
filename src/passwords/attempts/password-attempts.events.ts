import { AuditedFailure } from '#platform/events';

/** A password was not checked, as there had been too many wrong ones. */
export class PasswordAttemptsThrottled extends AuditedFailure<'login.throttled'> {
  /** @param repeated a name for the account, also where there is none: the first refusal of each is recorded */
  constructor(
    userId: string | null,
    override readonly repeated: string,
  ) {
    super('login.throttled', { type: 'user', id: userId }, { outcome: 'denied' });
  }
}
