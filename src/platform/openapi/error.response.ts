import {
  FAULT_RULES,
  type FaultRule,
  MAX_DETAILS,
  type OwnError,
  STATUS_BY_CODE,
  UNAUTHORIZED_REASONS,
  type UnauthorizedReason,
} from '#platform/errors';
import { ApiProperty, ApiPropertyOptional, schemaReference } from './documentation.js';

class FieldFaultResponse {
  @ApiProperty({ example: 'email' })
  field!: string;

  @ApiProperty({ enum: FAULT_RULES, description: 'What is wrong, for machines.' })
  rule!: FaultRule;

  @ApiProperty({ example: 'Invalid email format' })
  message!: string;
}

class ErrorContent {
  @ApiProperty({ example: 'VALIDATION_ERROR', description: 'What went wrong, for machines.' })
  code!: string;

  @ApiProperty({ example: 'Validation failed' })
  message!: string;

  @ApiPropertyOptional({ enum: UNAUTHORIZED_REASONS, description: 'With every 401: why, for machines.' })
  reason?: UnauthorizedReason;

  @ApiPropertyOptional({ type: [FieldFaultResponse], maxItems: MAX_DETAILS })
  details?: FieldFaultResponse[];

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp!: string;

  @ApiProperty({ description: 'The X-Request-Id of the answer.' })
  requestId!: string;
}

/** The body of every failure. */
export class ErrorResponse {
  @ApiProperty({ enum: [false] })
  success!: false;

  @ApiProperty({ type: ErrorContent })
  error!: ErrorContent;
}

const DESCRIPTIONS = {
  400: '`VALIDATION_ERROR`: something sent is of the wrong shape.',
  401: '`UNAUTHORIZED`: no token, a refused one, or wrong credentials.',
  403: '`FORBIDDEN`: not allowed, whether or not the target exists.',
  404: '`RESOURCE_NOT_FOUND`: the resource does not exist, or it was deleted.',
  409: '`DUPLICATE_RESOURCE`: a name is taken; `details` says which. `CONFLICT`: the state of things forbids it, or a request with the same `Idempotency-Key` is being served.',
  412: '`PRECONDITION_FAILED`: `If-Match` does not match.',
  413: '`PAYLOAD_TOO_LARGE`: the body is too large.',
  415: '`UNSUPPORTED_MEDIA_TYPE`: the body is not plain `application/json`.',
  422: '`IDEMPOTENCY_KEY_REUSED`: the `Idempotency-Key` was used with another request.',
  429: '`RATE_LIMIT_EXCEEDED`: try again after `Retry-After` seconds.',
  503: '`SERVICE_UNAVAILABLE`: try again after `Retry-After` seconds.',
} as const;

export type ErrorStatus = keyof typeof DESCRIPTIONS;

const describedStatuses: Readonly<Record<number, string>> = DESCRIPTIONS;

/** What a failure of each status looks like, but for its time and its request. */
const EXAMPLES: Readonly<Record<number, object>> = {
  400: {
    code: 'VALIDATION_ERROR',
    message: 'Validation failed',
    details: [{ field: 'email', rule: 'format', message: 'Invalid email format' }],
  },
  401: { code: 'UNAUTHORIZED', message: 'Invalid token', reason: 'invalid_token' },
  403: { code: 'FORBIDDEN', message: 'You do not have permission to do this' },
  404: { code: 'RESOURCE_NOT_FOUND', message: 'User not found' },
  409: {
    code: 'DUPLICATE_RESOURCE',
    message: 'Email already exists',
    details: [{ field: 'email', rule: 'taken', message: 'Email already exists' }],
  },
  412: { code: 'PRECONDITION_FAILED', message: 'The resource has changed since: If-Match does not match' },
  413: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is too large' },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'The body must be application/json in UTF-8, without a Content-Encoding',
  },
  422: { code: 'IDEMPOTENCY_KEY_REUSED', message: 'This Idempotency-Key was used with another request' },
  429: { code: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests. Please try again later.' },
  503: { code: 'SERVICE_UNAVAILABLE', message: 'The service is not available right now. Please try again.' },
};

const RETRY_AFTER = {
  'Retry-After': {
    description: 'The seconds to wait before another attempt.',
    schema: { type: 'integer' as const, format: 'int32', minimum: 1 },
  },
};

/** The headers that failures of some statuses carry. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, object>>>> = {
  401: {
    'WWW-Authenticate': {
      description: '`Bearer`, with `error="invalid_token"` where a token was sent and refused (RFC 6750).',
      schema: { type: 'string' as const },
    },
  },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** The codes that routes declare with `DomainError.of`. */
const declaredCodes = new Set<string>();

/** Every code that an answer can have. */
export function errorCodes(): string[] {
  return [...Object.keys(STATUS_BY_CODE), ...declaredCodes].toSorted();
}

/**
 * Describes a failure.
 *
 * @param own errors with a code of their own, which the route answers with this status; their codes are declared, too
 */
export function errorResponse(status: number, own: readonly OwnError[] = []) {
  const codes = own.map(({ code }) => code);
  for (const code of codes) declaredCodes.add(code);
  return {
    description: [...codes.map((code) => `\`${code}\``), describedStatuses[status]].filter(Boolean).join('; '),
    headers: { ...HEADERS[status] },
    content: { 'application/json': { schema: schemaReference(ErrorResponse), ...errorExample(status, own) } },
  };
}

/** An error with a code of its own is the example of its status. */
function errorExample(status: number, [Own]: readonly OwnError[]): { readonly example?: object } {
  const error = Own === undefined ? EXAMPLES[status] : { code: Own.code, message: new Own().message };
  if (error === undefined) return {};
  const timestamp = '2026-11-23T19:00:24.552Z';
  const requestId = 'aba129e9-7b1f-4561-b829-8dcbbbd3c034';
  return { example: { success: false, error: { ...error, timestamp, requestId } } };
}
