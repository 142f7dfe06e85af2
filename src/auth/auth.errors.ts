import { DomainError, NotFoundError, ServiceUnavailableError, UnauthorizedError } from '#platform/errors';

/** One error for an unknown account and a wrong password, so that clients cannot tell them apart. */
export class InvalidCredentialsError extends UnauthorizedError {
  constructor() {
    super('invalid_credentials', 'Invalid credentials', false);
  }
}

export class AccountNotActiveError extends DomainError {
  constructor() {
    super('FORBIDDEN', 'This account is not active');
  }
}

/** The right password of an account whose email is to be verified first. */
export class EmailNotVerifiedError extends DomainError.of('EMAIL_NOT_VERIFIED', 403) {}

/** An extension's rule refused the right password. */
export class LoginRefusedError extends DomainError {
  constructor({ code, message }: DomainError) {
    super({ code, status: 403 }, message);
  }
}

export class SessionNotFoundError extends NotFoundError {
  constructor() {
    super('Session not found');
  }
}

/** The database has not said in time whether the token was exchanged. Trying again is safe. */
export class RefreshUndecidedError extends ServiceUnavailableError {}
