import type { User } from './user.js';

export class UserCreated {
  constructor(readonly user: User) {}
}

/** Somebody is about to change an account, whose row is locked: who may keep them from it throws. */
export class UserChangeRequested {
  constructor(readonly before: User) {}
}

/** What clients see of an account has changed: every cached copy of it is outdated. */
export abstract class UserChanged {
  constructor(readonly userId: string) {}
}

/** An account was one thing and is another. */
export abstract class UserTransition extends UserChanged {
  constructor(
    readonly before: User,
    readonly after: User,
  ) {
    super(after.id);
  }
}

export class UserUpdated extends UserTransition {}

export class UserStatusChanged extends UserTransition {
  /** @param reason what the administrator gave for it */
  constructor(
    before: User,
    after: User,
    readonly reason: string | undefined,
  ) {
    super(before, after);
  }
}

export class UserRolesChanged extends UserTransition {}

export class UserEmailVerified extends UserTransition {}

export class UserRestored extends UserTransition {}

export class UserDeleted extends UserChanged {
  constructor(readonly before: User) {
    super(before.id);
  }
}

export class UserLoggedIn extends UserChanged {}

export class UserPasswordChanged {
  /** @param sessionId the session that changed it, which goes on */
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {}
}

/** The password was set without the old one. */
export class UserPasswordReset {
  constructor(readonly user: User) {}
}

export class PasswordResetIssued {
  constructor(
    readonly user: User,
    readonly expiresAt: Date,
  ) {}
}
