import { ForbiddenError, UnauthorizedError } from '../platform/errors/index.js';

/** The same for an unknown account and a wrong password. */
export class InvalidCredentialsError extends UnauthorizedError {
  constructor() {
    super('Invalid credentials', false);
  }
}

export class AccountNotActiveError extends ForbiddenError {
  constructor() {
    super('This account is not active');
  }
}
