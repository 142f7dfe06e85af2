import { expect } from '@jest/globals';
import type { FaultRule, UnauthorizedReason } from '../../src/platform/errors/index.js';
import type { ApiAnswer } from './client.js';

/** Matches an error response; `fault` is one entry of its `details`. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  /** Of a 401. */
  readonly reason?: UnauthorizedReason;
  readonly fault?: {
    readonly field: string;
    readonly rule?: FaultRule | undefined;
    readonly message?: string | undefined;
  };
}

export const FORBIDDEN = { status: 403, code: 'FORBIDDEN' };
export const CONFLICT = { status: 409, code: 'CONFLICT' };
export const DEAD_TOKEN = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: 'Invalid token',
  reason: 'invalid_token',
} as const;
export const NO_USER = { status: 404, code: 'RESOURCE_NOT_FOUND', message: 'User not found' };

/** Fails unless the answer is this failure, in the envelope that all failures have. */
export function expectFailure(
  { status, headers, body }: ApiAnswer,
  { code, message, reason, fault, ...expected }: Failure,
): void {
  expect({ status, body }).toEqual({
    status: expected.status,
    body: {
      success: false,
      error: {
        code,
        message: message ?? expect.any(String),
        ...(status === 401 ? { reason: reason ?? expect.any(String) } : {}),
        ...(body?.error?.details === undefined ? {} : { details: expect.any(Array) }),
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        requestId: headers.get('x-request-id'),
      },
    },
  });
  if (fault === undefined) return;
  const { field, rule = expect.any(String), message: words = expect.any(String) } = fault;
  expect(body.error.details).toContainEqual({ field, rule, message: words });
}

/** Fails unless the answer is a 400 whose details name the field. */
export function expectInvalid(answer: ApiAnswer, field: string, message?: string): void {
  expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR', fault: { field, message } });
}

/** A failure's status, challenge and bytes, without the two values that differ between requests. */
export function sameForAll({ status, headers, text, body }: ApiAnswer) {
  const bytes = text.replace(body.error.timestamp, 'TIMESTAMP').replace(body.error.requestId, 'REQUEST-ID');
  return { status, challenge: headers.get('www-authenticate'), bytes };
}

/** How many answers came with each status. */
export function statusCounts(answers: readonly ApiAnswer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
