import { expect } from '@jest/globals';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** RFC 3339, in UTC, with milliseconds. */
export const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The body of a failure with this code and any message. */
export function failure(code: string) {
  return {
    success: false,
    error: expect.objectContaining({
      code,
      message: expect.any(String),
      timestamp: expect.stringMatching(TIMESTAMP),
      requestId: expect.any(String),
    }),
  };
}
