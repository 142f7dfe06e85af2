import { AuditedEvent, AuditedFailure, type AuditTarget } from '#platform/events';
import type { EndReason } from './session.js';

/** A user has proved who they are with a password. */
export class SessionStarted extends AuditedEvent<'session.started'> {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    const changes = { session: { before: null, after: sessionId } };
    super('session.started', user(userId), { changes, actor: { userId, sessionId } });
  }
}

/** Sessions of a user have ended: their tokens are no longer good. One entry, which names a single session. */
export class SessionsEnded extends AuditedEvent<'session.ended'> {
  constructor(
    readonly userId: string,
    readonly sessionIds: readonly string[],
    readonly reason: EndReason,
    actor?: { readonly userId: string; readonly sessionId: string },
  ) {
    const [id, ...others] = sessionIds;
    const what =
      others.length === 0 ? { changes: { session: { before: id, after: null } } } : { count: sessionIds.length };
    super('session.ended', user(userId), { ...what, reason, ...(actor === undefined ? {} : { actor }) });
  }
}

/** A refresh token came back that had been exchanged long ago or twice over: it was stolen, and its session has ended. */
export class RefreshTokenReused extends AuditedEvent<'session.reuse_detected'> {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    const changes = { session: { before: sessionId, after: null } };
    super('session.reuse_detected', user(userId), { outcome: 'denied', changes });
  }
}

/** A login was refused. */
export class LoginFailed extends AuditedFailure<'login.failed'> {
  /**
   * @param userId `null` for an account that does not exist: what was typed for its name may be a password
   * @param repeated a name for the account, also where there is none: the first failure of each is recorded
   */
  constructor(
    readonly userId: string | null,
    override readonly repeated: string,
    readonly reason: string,
  ) {
    super('login.failed', user(userId), { outcome: 'failure', reason });
  }
}

/** A login was refused because the email is not verified. Triggers a new link. */
export class VerificationNeeded {
  constructor(
    readonly userId: string,
    readonly email: string,
  ) {}
}

/** A user who had logged in before did so from a device that is not known as theirs. */
export class NewDeviceUsed {
  constructor(readonly userId: string) {}
}

function user(id: string | null): AuditTarget {
  return { type: 'user', id };
}
