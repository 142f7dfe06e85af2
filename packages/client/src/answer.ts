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
  if (isRedirect(response)) return new UnexpectedResponseError('The server redirects: is baseUrl its address?', status);
  if (!isObject(error) || typeof error['code'] !== 'string') return unexpected(response);
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

/** Makes the error of an answer that the API does not give. */
export function unexpected({ status }: Response): UnexpectedResponseError {
  return new UnexpectedResponseError(`The answer (status ${status}) is not the API's`, status);
}

/** Browsers hide a redirect that they do not follow: its status is 0. */
function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400);
}

/** Reads the seconds of `Retry-After`, which proxies may send as a date; `undefined` where it is neither. */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(value)) return Number(value);
  // `Date.parse()` takes `-5` for a date, too.
  const seconds = value.endsWith('GMT') ? Math.ceil((Date.parse(value) - Date.now()) / 1_000) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Reads JSON; `undefined` where it is none. */
export function parse(text: string): unknown {
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
