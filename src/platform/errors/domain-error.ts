import { type FaultRule, type FieldFault, MAX_DETAILS } from './field-fault.js';

/** The codes of the core and the HTTP status of each. */
export const STATUS_BY_CODE = {
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  RESOURCE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  DUPLICATE_RESOURCE: 409,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMIT_EXCEEDED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof STATUS_BY_CODE;

/** A code that the core does not have, with its HTTP status. */
export interface OwnCode {
  readonly code: string;
  readonly status: number;
}

/** What `DomainError.of` returns, and what a route lists among its errors. */
export type OwnError = OwnCode & (new (message?: string, details?: readonly FieldFault[]) => DomainError);

/** Why a 401 was answered, for machines. */
export const UNAUTHORIZED_REASONS = [
  'no_token',
  'invalid_token',
  'token_expired',
  'invalid_credentials',
  'wrong_current_password',
] as const;

export type UnauthorizedReason = (typeof UNAUTHORIZED_REASONS)[number];

/** What a service throws when it cannot do what was asked; its message is for the client. */
export class DomainError extends Error {
  readonly code: string;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** At most `MAX_DETAILS`: a long list helps a client no more, and costs much to send. */
  readonly details: readonly FieldFault[] | undefined;

  constructor(code: ErrorCode | OwnCode, message: string, details?: readonly FieldFault[]) {
    super(message);
    const own = typeof code === 'string' ? { code, status: STATUS_BY_CODE[code] } : code;
    this.code = own.code;
    this.status = own.status;
    this.details = details?.slice(0, MAX_DETAILS);
    this.name = new.target.name;
  }

  /**
   * The base class of an error with a code of its own: `class SoldOut extends DomainError.of('SOLD_OUT', 409) {}`. Without
   * a message, the client reads the code as words: `Sold out`.
   *
   * @param code in capitals, such as `SOLD_OUT`
   * @param status an HTTP status from 400 to 599
   */
  static of(code: string, status: number): OwnError {
    return class extends DomainError {
      static readonly code = code;
      static readonly status = status;

      constructor(message = asWords(code), details?: readonly FieldFault[]) {
        super({ code, status }, message, details);
      }
    };
  }
}

function asWords(code: string): string {
  const words = code.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export class ValidationError extends DomainError {
  constructor(details: readonly FieldFault[], message = 'Validation failed') {
    super('VALIDATION_ERROR', message, details);
  }

  static ofField(field: string, rule: FaultRule, message: string): ValidationError {
    return new ValidationError([{ field, rule, message }]);
  }

  static nothingToChange(): ValidationError {
    return ValidationError.ofField('body', 'required', 'At least one field to change is required');
  }
}

export class UnauthorizedError extends DomainError {
  /** @param tokenRefused whether the client sent an access or refresh token that was refused */
  constructor(
    readonly reason: UnauthorizedReason,
    message: string,
    readonly tokenRefused: boolean,
  ) {
    super('UNAUTHORIZED', message);
  }

  static noToken(): UnauthorizedError {
    return new UnauthorizedError('no_token', 'No token provided', false);
  }

  static invalidToken(): UnauthorizedError {
    return new UnauthorizedError('invalid_token', 'Invalid token', true);
  }

  static expiredToken(): UnauthorizedError {
    return new UnauthorizedError('token_expired', 'Token expired', true);
  }
}

/** The caller lacks a permission, or a rule forbids it. The log and the audit log say which; the client is not told. */
export class ForbiddenError extends DomainError {
  /** @param reason the missing permission, such as `users:read`, or the broken rule, such as `self: …` */
  constructor(readonly reason: string) {
    super('FORBIDDEN', 'You do not have permission to do this');
  }
}

export class NotFoundError extends DomainError {
  constructor(message: string) {
    super('RESOURCE_NOT_FOUND', message);
  }
}

export class DuplicateError extends DomainError {
  constructor(field: string, message: string) {
    super('DUPLICATE_RESOURCE', message, [{ field, rule: 'taken', message }]);
  }
}

/** The current state forbids the request, such as a role that is still in use. */
export class ConflictError extends DomainError {
  constructor(message: string) {
    super('CONFLICT', message);
  }
}

export class PreconditionFailedError extends DomainError {
  constructor() {
    super('PRECONDITION_FAILED', 'The resource has changed since: If-Match does not match');
  }
}

export class UnsupportedMediaTypeError extends DomainError {
  constructor() {
    super('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json in UTF-8, without a Content-Encoding');
  }
}

export class MethodNotAllowedError extends DomainError {
  constructor(readonly allowed: readonly string[]) {
    super('METHOD_NOT_ALLOWED', `This resource answers to ${allowed.join(', ')}`);
  }
}

/** Seconds after which a client may try again when a store is away. */
export const RETRY_AFTER_SECONDS = 1;

/** A store that the request needs is away, or a queue is full. Trying again may help. */
export class ServiceUnavailableError extends DomainError {
  constructor(message = 'The service is not available right now. Please try again.') {
    super('SERVICE_UNAVAILABLE', message);
  }
}

/** The client has passed a limit. */
export class TooManyRequestsError extends DomainError {
  constructor(
    /** Seconds until the client may try again. */
    readonly retryAfter: number,
    message = 'Too many requests. Please try again later.',
  ) {
    super('RATE_LIMIT_EXCEEDED', message);
  }
}
