import { ConflictError, DuplicateError, NotFoundError, UnauthorizedError, ValidationError } from '#platform/errors';
import { type TokenPurpose, TOKENS } from './one-time-token.js';
import type { UserStatus } from './user.js';

/** The fields behind the unique indexes of the users table; email first, as it is reported when both are taken. */
export const DUPLICATES = [
  { field: 'email', names: ['users_email_key', 'email_lower'] },
  { field: 'username', names: ['users_username_key', 'username_lower'] },
] as const;

export type DuplicateField = (typeof DUPLICATES)[number]['field'];

const MESSAGES: Record<DuplicateField, string> = {
  email: 'Email already exists',
  username: 'Username already exists',
};

export class UserNotFoundError extends NotFoundError {
  constructor() {
    super('User not found');
  }
}

export class DuplicateUserError extends DuplicateError {
  constructor(readonly taken: DuplicateField) {
    super(taken, MESSAGES[taken]);
  }
}

/** Another user has the value of a unique attribute. */
export class DuplicateAttributeError extends DuplicateError {
  constructor(name: string) {
    super(`attributes.${name}`, `attributes.${name} already exists`);
  }
}

export class WrongCurrentPasswordError extends UnauthorizedError {
  constructor() {
    super('wrong_current_password', 'Current password is incorrect', false);
  }
}

export class CurrentPasswordRequiredError extends ValidationError {
  constructor() {
    super([{ field: 'currentPassword', rule: 'required', message: 'currentPassword is required to change the email' }]);
  }
}

export class IllegalStatusChangeError extends ConflictError {
  constructor(before: UserStatus, after: UserStatus) {
    super(`The status ${before} cannot become ${after}`);
  }
}

export class UserNotDeletedError extends ConflictError {
  constructor() {
    super('The user is not deleted');
  }
}

export class NamesTakenError extends ConflictError {
  constructor() {
    super('The email or the username has been taken since the deletion');
  }
}

export class AttributeTakenError extends ConflictError {
  constructor() {
    super('A unique attribute of the user has been taken since the deletion');
  }
}

export class EmailAlreadyVerifiedError extends ConflictError {
  constructor() {
    super('The email is already verified');
  }
}

export class UserNotActiveError extends ConflictError {
  constructor() {
    super('The account is not active');
  }
}

/** The token is unknown, used up, expired or ended. */
export class InvalidOneTimeTokenError extends UnauthorizedError {
  constructor(purpose: TokenPurpose) {
    super('invalid_token', `Invalid or expired ${TOKENS[purpose].name}`, false);
  }
}
