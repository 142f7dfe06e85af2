import { DuplicateError, NotFoundError, UnauthorizedError, ValidationError } from '../platform/errors/index.js';

/** What the unique indexes of the users table stand for; email first, as it is reported when both are taken. */
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

export class WrongCurrentPasswordError extends UnauthorizedError {
  constructor() {
    super('Current password is incorrect', false);
  }
}

export class CurrentPasswordRequiredError extends ValidationError {
  constructor() {
    super([{ field: 'currentPassword', message: 'currentPassword is required to change the email' }]);
  }
}
