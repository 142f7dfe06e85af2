export {
  ConflictError,
  DomainError,
  DuplicateError,
  type ErrorCode,
  type FieldFault,
  ForbiddenError,
  MethodNotAllowedError,
  NotFoundError,
  PreconditionFailedError,
  ServiceUnavailableError,
  TooManyRequestsError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
  ValidationError,
} from './domain-error.js';
export { StartupError } from './startup.error.js';
