import { AuditedEvent, AuditedFailure, type AuditFacts, changesBetween } from '#platform/events';
import { PROFILE_FIELDS } from './profile-fields.js';
import type { User } from './user.js';

export const USER_ACTIONS = [
  'user.created',
  'user.updated',
  'user.deleted',
  'user.restored',
  'user.status_changed',
  'user.roles_changed',
  'user.email_verified',
  'user.password_changed',
  'user.password_reset_issued',
  'user.password_reset',
] as const;

type UserAction = (typeof USER_ACTIONS)[number];

/** What the audit log says of an account before and after. */
const AUDITED_FIELDS = [
  'username',
  'email',
  ...PROFILE_FIELDS,
  'status',
  'emailVerified',
  'roles',
] as const satisfies readonly (keyof User)[];

function userFacts(action: UserAction, id: string | null, facts: Partial<AuditFacts> = {}): [AuditFacts] {
  return [{ action, target: { type: 'user', id }, ...facts }];
}

export class UserCreated extends AuditedEvent {
  constructor(readonly user: User) {
    super();
  }

  audited() {
    const changes = changesBetween<User>(undefined, this.user, AUDITED_FIELDS);
    return userFacts('user.created', this.user.id, { changes });
  }
}

/** Somebody is about to change an account, whose row is locked: who may keep them from it throws. */
export class BeforeUserChange {
  constructor(readonly before: User) {}
}

/** What clients see of an account has changed: every cached copy of it is outdated. */
export abstract class UserChanged extends AuditedEvent {
  constructor(readonly userId: string) {
    super();
  }
}

/** An account was one thing and is another. */
export abstract class UserTransition extends UserChanged {
  protected abstract readonly action: UserAction;

  constructor(
    readonly before: User,
    readonly after: User,
    /** What was given for it. */
    readonly reason?: string,
  ) {
    super(after.id);
  }

  audited(): readonly AuditFacts[] {
    const changes = changesBetween<User>(this.before, this.after, AUDITED_FIELDS);
    return userFacts(this.action, this.userId, { changes, reason: this.reason });
  }
}

export class UserUpdated extends UserTransition {
  protected readonly action = 'user.updated';
}

export class UserStatusChanged extends UserTransition {
  protected readonly action = 'user.status_changed';
}

export class UserRolesChanged extends UserTransition {
  protected readonly action = 'user.roles_changed';
}

export class UserEmailVerified extends UserTransition {
  protected readonly action = 'user.email_verified';
}

export class UserRestored extends UserTransition {
  protected readonly action = 'user.restored';
}

export class UserDeleted extends UserChanged {
  constructor(readonly before: User) {
    super(before.id);
  }

  audited() {
    const changes = { status: { before: this.before.status, after: 'deleted' } };
    return userFacts('user.deleted', this.userId, { changes });
  }
}

/** Its session's beginning is what is recorded of a login. */
export class UserLoggedIn extends UserChanged {
  audited() {
    return [];
  }
}

export class UserPasswordChanged extends AuditedEvent {
  /** @param sessionId the session that changed it, which goes on */
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    super();
  }

  audited() {
    return userFacts('user.password_changed', this.userId);
  }
}

/** The password was set without the old one. */
export class UserPasswordReset extends AuditedEvent {
  constructor(readonly user: User) {
    super();
  }

  audited() {
    return userFacts('user.password_reset', this.user.id);
  }
}

export class PasswordResetIssued extends AuditedEvent {
  constructor(
    readonly user: User,
    readonly expiresAt: Date,
  ) {
    super();
  }

  audited() {
    return userFacts('user.password_reset_issued', this.user.id);
  }
}

/** A change that needs the current password came with a wrong one. */
export class CurrentPasswordRefused extends AuditedFailure {
  constructor(
    readonly userId: string,
    readonly change: 'user.password_changed' | 'user.updated',
  ) {
    super();
  }

  get repeated() {
    return this.userId;
  }

  audited() {
    return userFacts(this.change, this.userId, { outcome: 'failure', reason: 'Wrong current password' });
  }
}

/** A reset token that is unknown, used up or expired. */
export class ResetTokenRefused extends AuditedFailure {
  readonly repeated = '';

  audited() {
    return userFacts('user.password_reset', null, { outcome: 'failure', reason: 'Invalid or expired reset token' });
  }
}
