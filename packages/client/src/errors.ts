import type { ErrorContent } from './generated/types.gen.js';

/** Why a 401 was answered, for machines. A later release of the server may know more reasons. */
export type UnauthorizedReason = NonNullable<ErrorContent['reason']> | (string & Record<never, never>);

/** What is wrong with one field of a request. */
export interface FieldFault {
  readonly field: string;
  /** A name for machines, such as `required`, `max_length` or `taken`. */
  readonly rule: string;
  readonly message: string;
}

/** What the API said when it refused a request. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly reason: UnauthorizedReason | undefined;
  readonly requestId: string;
  readonly details: readonly FieldFault[];
  readonly retryAfter: number | undefined;
}

/** The base of all errors that calls of the client reject with. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
}

/** The API refused the request. Subclasses name the refusals that callers branch on. */
export class ApiError extends ClientError {
  override readonly name: string = 'ApiError';
  /** The HTTP status. */
  readonly status: number;
  /** The kind of refusal, for machines, such as `DUPLICATE_RESOURCE`. */
  readonly code: string;
  /** Why, with a 401. */
  readonly reason: UnauthorizedReason | undefined;
  /** The id of the request, also in the server's log. */
  readonly requestId: string;
  /** What is wrong with which field, at most 20; empty where no field is to blame. */
  readonly details: readonly FieldFault[];
  /** The seconds to wait before another attempt, with a 429 or a 503. */
  readonly retryAfter: number | undefined;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.status = refusal.status;
    this.code = refusal.code;
    this.reason = refusal.reason;
    this.requestId = refusal.requestId;
    this.details = refusal.details;
    this.retryAfter = refusal.retryAfter;
  }
}

/** 400: a field has the wrong shape; `details` says which. */
export class ValidationError extends ApiError {
  override readonly name = 'ValidationError';
}

/** 401: wrong credentials, no session, or a session that has ended; `reason` says which. */
export class UnauthorizedError extends ApiError {
  override readonly name = 'UnauthorizedError';
}

/** 403: not allowed, or (`EMAIL_NOT_VERIFIED`) not before the email is verified. */
export class ForbiddenError extends ApiError {
  override readonly name = 'ForbiddenError';
}

/** 404: it does not exist. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError';
}

/** 409: a name is taken (`DUPLICATE_RESOURCE`; `details` says which), or the current state forbids it (`CONFLICT`). */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError';
}

/** 412: it has changed since the ETag in `ifMatch` was read. */
export class PreconditionFailedError extends ApiError {
  override readonly name = 'PreconditionFailedError';
}

/** 429: too many requests; `retryAfter` says how many seconds to wait. */
export class RateLimitError extends ApiError {
  override readonly name = 'RateLimitError';
}

/** No answer: the server is out of reach, the connection was lost, or the answer took longer than `timeoutMs`. */
export class ConnectionError extends ClientError {
  override readonly name = 'ConnectionError';
}

/** An answer that is not the API's, such as a proxy's error page or a redirect, which is not followed. */
export class UnexpectedResponseError extends ClientError {
  override readonly name = 'UnexpectedResponseError';

  /** @param status the HTTP status of the answer; 0 for a redirect in a browser */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The storage failed; `cause` is what it threw. */
export class StorageError extends ClientError {
  override readonly name = 'StorageError';
}

const BY_STATUS: Readonly<Record<number, typeof ApiError>> = {
  400: ValidationError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  429: RateLimitError,
};

/** Makes the error of a refusal, of the class for its status. */
export function apiError(refusal: Refusal): ApiError {
  return new (BY_STATUS[refusal.status] ?? ApiError)(refusal);
}

/** Makes an equal error, for another caller to handle: its stack and what a caller adds to it stay apart. */
export function copyOf(error: unknown): unknown {
  if (error instanceof ApiError) return apiError(error);
  if (error instanceof UnexpectedResponseError) return new UnexpectedResponseError(error.message, error.status);
  if (error instanceof ConnectionError) return new ConnectionError(error.message, { cause: error.cause });
  if (error instanceof StorageError) return new StorageError(error.message, { cause: error.cause });
  return error;
}
