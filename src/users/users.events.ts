import {
  type AuditAction,
  type AuditDetails,
  AuditedEvent,
  AuditedFailure,
  type AuditTarget,
  changesBetween,
  type RequestFacts,
} from '#platform/events';
import type { Attributes } from '#platform/extensions';
import { PROFILE_FIELDS } from './profile-fields.js';
import type { Principal } from '#platform/request';
import { type TokenPurpose, TOKENS } from './one-time-token.js';
import type { User } from './user.js';

/** What the audit log says of an account before and after. */
const AUDITED_FIELDS = [
  'username',
  'email',
  ...PROFILE_FIELDS,
  'status',
  'emailVerified',
  'roles',
] as const satisfies readonly (keyof User)[];

/** Published before an account changes, with its row locked. A handler forbids the change by throwing. */
export class BeforeUserChange {
  /** @param by the caller; `undefined` for the operator */
  constructor(
    readonly before: User,
    readonly by: Principal | undefined,
  ) {}
}

/** What issuing a password reset for another user needs; its token ends when the issuer loses it. */
export const ISSUE_PASSWORD_RESET = 'users:update';

/** Published before a reset token is stored, with the user's row locked. A handler forbids it by throwing. */
export class BeforePasswordResetIssued {
  constructor(
    readonly user: User,
    readonly by: Principal,
  ) {}
}

/** Published before a reset token takes effect, with the user's row locked. A handler refuses the token by throwing. */
export class BeforePasswordReset {
  /** @param issuer of the token, who is active */
  constructor(
    readonly user: User,
    readonly issuer: User,
  ) {}
}

export class UserCreated extends AuditedEvent<'user.created'> {
  constructor(readonly user: User) {
    super('user.created', target(user.id), changes(undefined, user));
  }
}

/** A change of an account from `before` to `after`. */
export abstract class UserTransition<Action extends AuditAction = AuditAction> extends AuditedEvent<Action> {
  constructor(
    action: Action,
    readonly before: User,
    readonly after: User,
    reason?: string,
  ) {
    super(action, target(after.id), { ...changes(before, after), reason });
  }
}

export class UserUpdated extends UserTransition<'user.updated'> {
  constructor(before: User, after: User) {
    super('user.updated', before, after);
  }
}

export class UserStatusChanged extends UserTransition<'user.status_changed'> {
  /** @param reason what the administrator gave for it */
  constructor(before: User, after: User, reason: string | undefined) {
    super('user.status_changed', before, after, reason);
  }
}

export class UserRolesChanged extends UserTransition<'user.roles_changed'> {
  constructor(before: User, after: User) {
    super('user.roles_changed', before, after);
  }
}

export class UserEmailVerified extends UserTransition<'user.email_verified'> {
  constructor(before: User, after: User) {
    super('user.email_verified', before, after);
  }
}

export class UserRestored extends UserTransition<'user.restored'> {
  constructor(before: User, after: User) {
    super('user.restored', before, after);
  }
}

export class UserDeleted extends AuditedEvent<'user.deleted'> {
  constructor(readonly before: User) {
    super('user.deleted', target(before.id), { changes: { status: { before: before.status, after: 'deleted' } } });
  }
}

export class UserPasswordChanged extends AuditedEvent<'user.password_changed'> {
  /** @param sessionId the session that changed it, which stays live */
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {
    super('user.password_changed', target(userId));
  }
}

/** The password was set without the old one. */
export class UserPasswordReset extends AuditedEvent<'user.password_reset'> {
  constructor(readonly user: User) {
    super('user.password_reset', target(user.id));
  }
}

export class PasswordResetIssued extends AuditedEvent<'user.password_reset_issued'> {
  constructor(
    readonly user: User,
    readonly expiresAt: Date,
  ) {
    super('user.password_reset_issued', target(user.id));
  }
}

/** A change that needs the current password came with a wrong one. */
export class CurrentPasswordRefused extends AuditedFailure<'user.password_changed' | 'user.updated'> {
  constructor(userId: string, change: CurrentPasswordRefused['action']) {
    super(change, target(userId), { outcome: 'failure', reason: 'Wrong current password' });
  }
}

/** A one-time token is unknown, used up or expired. */
export class OneTimeTokenRefused extends AuditedFailure {
  constructor(purpose: TokenPurpose) {
    super(TOKENS[purpose].action, target(null), { outcome: 'failure', reason: 'Invalid or expired token' });
  }
}

/** Published before an invitation creates or repeats an account with these roles. A handler forbids it by throwing. */
export class BeforeInvitation {
  constructor(
    readonly roles: readonly string[],
    readonly by: Principal,
  ) {}
}

/** An invitation link was requested for the user. Published for each link. */
export class UserInvited extends AuditedEvent<'user.invited'> {
  constructor(readonly user: User) {
    super('user.invited', target(user.id));
  }
}

/** An invited user has chosen a password, and is now active. */
export class UserInvitationAccepted extends UserTransition<'user.invitation_accepted'> {
  constructor(before: User, after: User) {
    super('user.invitation_accepted', before, after);
  }
}

/** A verification link was requested for the user. */
export class EmailVerificationRequested extends AuditedEvent<'user.verification_requested'> {
  constructor(readonly user: User) {
    super('user.verification_requested', target(user.id));
  }
}

/** Someone asked for a new password for the account. */
export class PasswordResetRequested extends AuditedEvent<'user.password_reset_requested'> {
  /** @param request the one that asked, which has been answered since */
  constructor(
    readonly userId: string,
    request: RequestFacts,
  ) {
    super('user.password_reset_requested', target(userId), { request });
  }
}

function target(id: string | null): AuditTarget {
  return { type: 'user', id };
}

function changes(before: User | undefined, after: User): AuditDetails {
  const attributes = new Set([before, after].flatMap((user) => Object.keys(user?.attributes ?? {})));
  const [old, now] = [before, after].map((user) => withPrefix(user?.attributes ?? {}));
  return {
    changes: {
      ...changesBetween<User>(before, after, AUDITED_FIELDS),
      ...changesBetween(
        old,
        now,
        [...attributes].map((name) => `attributes.${name}`),
      ),
    },
  };
}

function withPrefix(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`attributes.${name}`, value]));
}
