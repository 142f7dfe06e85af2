import {
  FAULT_RULES,
  type FaultRule,
  MAX_DETAILS,
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
  @ApiProperty({ example: 'VALIDATION_ERROR' })
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
  404: '`RESOURCE_NOT_FOUND`',
  409: '`DUPLICATE_RESOURCE`: a name is taken; `details` says which. `CONFLICT`: the state of things forbids it, or a request with the same `Idempotency-Key` is being served.',
  412: '`PRECONDITION_FAILED`: `If-Match` does not match.',
  413: '`PAYLOAD_TOO_LARGE`',
  415: '`UNSUPPORTED_MEDIA_TYPE`: the body is not plain `application/json`.',
  422: '`IDEMPOTENCY_KEY_REUSED`: the `Idempotency-Key` was used with another request.',
  429: '`RATE_LIMIT_EXCEEDED`: try again after `Retry-After` seconds.',
  503: '`SERVICE_UNAVAILABLE`: try again after `Retry-After` seconds.',
} as const;

export type ErrorStatus = keyof typeof DESCRIPTIONS;

const describedStatuses: Readonly<Record<number, string>> = DESCRIPTIONS;

/** The header that a failure of some statuses carries. */
const HEADERS: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
};

/**
 * Describes a failure.
 *
 * @param codes of an extension's own errors with this status
 */
export function errorResponse(status: number, codes: readonly string[] = []) {
  const header = HEADERS[status];
  return {
    description: [...codes.map((code) => `\`${code}\``), describedStatuses[status]].filter(Boolean).join(' '),
    headers: header === undefined ? {} : { [header]: { schema: { type: 'string' as const } } },
    content: { 'application/json': { schema: schemaReference(ErrorResponse) } },
  };
}
