export {
  ConflictError,
  DomainError,
  DuplicateError,
  type ErrorCode,
  ForbiddenError,
  MethodNotAllowedError,
  NotFoundError,
  type OwnCode,
  type OwnError,
  PreconditionFailedError,
  RETRY_AFTER_SECONDS,
  ServiceUnavailableError,
  STATUS_BY_CODE,
  TooManyRequestsError,
  UnauthorizedError,
  type UnauthorizedReason,
  UNAUTHORIZED_REASONS,
  UnsupportedMediaTypeError,
  ValidationError,
} from './domain-error.js';
export { type Fault, fault, FAULT_RULES, type FaultRule, type FieldFault, MAX_DETAILS } from './field-fault.js';
export { StartupError } from './startup.error.js';
