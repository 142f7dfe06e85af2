import type { User } from './user.js';

export class UserCreated {
  constructor(readonly user: User) {}
}

/** What clients see of an account has changed: every cached copy of it is outdated. */
export abstract class UserChanged {
  constructor(readonly userId: string) {}
}

export class UserUpdated extends UserChanged {
  constructor(
    readonly before: User,
    readonly after: User,
  ) {
    super(after.id);
  }
}

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
