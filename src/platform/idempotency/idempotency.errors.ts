import { ConflictError, DomainError } from '#platform/errors';

/** The first request with this key has no answer yet. */
export class RequestStillRunningError extends ConflictError {
  constructor() {
    super('A request with this Idempotency-Key is still being served');
  }
}

export class IdempotencyKeyReusedError extends DomainError {
  constructor() {
    super('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used with another request');
  }
}
