import { AuditedEvent, AuditedFailure, type AuditFacts } from '#platform/events';
import type { EndReason } from './session.js';

export const AUTH_ACTIONS = ['session.started', 'session.ended', 'session.reuse_detected', 'login.failed'] as const;

/** What the guard knows of these sessions is outdated; they go on. */
export class SessionStatesOutdated {
  constructor(readonly sessionIds: readonly string[]) {}
}

/** Who it is was proved by a password. */
export class SessionStarted extends AuditedEvent {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    const { userId, sessionId } = this;
    const changes = { session: { before: null, after: sessionId } };
    return [{ action: 'session.started', target: { type: 'user', id: userId }, changes, actor: { userId, sessionId } }];
  }
}

/** Sessions of a user that are over: no token of theirs is good any more. */
export class SessionsEnded extends AuditedEvent {
  constructor(
    readonly userId: string,
    readonly sessionIds: readonly string[],
    readonly reason: EndReason,
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    return this.sessionIds.map((sessionId) => ({
      action: 'session.ended',
      target: { type: 'user', id: this.userId },
      changes: { session: { before: sessionId, after: null } },
      reason: this.reason,
    }));
  }
}

/** A refresh token came back that had been exchanged long ago or twice over: it was stolen, and its session has ended. */
export class RefreshTokenReused extends AuditedEvent {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    const changes = { session: { before: this.sessionId, after: null } };
    const target = { type: 'user', id: this.userId };
    return [{ action: 'session.reuse_detected', outcome: 'denied', target, changes }];
  }
}

/** A login that was refused. */
export class LoginFailed extends AuditedFailure {
  /**
   * @param userId `null` for an account that does not exist: what was typed for its name may be a password
   * @param repeated a name for the account, also where there is none: the first failure of each is written
   */
  constructor(
    readonly userId: string | null,
    readonly repeated: string,
    readonly reason: 'Wrong credentials' | 'The account is not active',
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    const target = { type: 'user', id: this.userId };
    return [{ action: 'login.failed', outcome: 'failure', target, reason: this.reason }];
  }
}
