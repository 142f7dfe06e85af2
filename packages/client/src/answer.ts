import { apiError, type ClientError, type FieldFault, UnexpectedResponseError } from './errors.js';

/**
 * Makes the error that an answer stands for; `undefined` where it is a success of the API's.
 *
 * @param expected a status that usually is a failure, and here has the answer that was asked for
 */
export function errorIn(response: Response, text: string, expected?: number): ClientError | undefined {
  const { ok, status, headers } = response;
  if (ok && text === '') return undefined;
  const body = parse(text);
  const error = isObject(body) ? body['error'] : undefined;
  if ((ok || status === expected) && isObject(body) && error === undefined) return undefined;
  if (!isObject(error) || typeof error['code'] !== 'string') {
    return new UnexpectedResponseError(`The answer (status ${status}) is not the API's`, status);
  }
  return apiError({
    status,
    code: error['code'],
    message: String(error['message']),
    reason: typeof error['reason'] === 'string' ? error['reason'] : undefined,
    requestId: String(error['requestId']),
    details: Array.isArray(error['details']) ? error['details'].filter(isFieldFault) : [],
    retryAfter: retryAfterOf(headers),
  });
}

/** Reads the seconds of `Retry-After`, which proxies may send as a date. */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1_000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value has fields to look at. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isFieldFault(value: unknown): value is FieldFault {
  return isObject(value) && typeof value['field'] === 'string' && typeof value['rule'] === 'string';
}
