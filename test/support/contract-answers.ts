import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { FAULT_RULES, MAX_DETAILS, UNAUTHORIZED_REASONS } from '../../src/platform/errors/index.js';
import type { RawAnswer } from './raw-http.js';

/** The error codes that are allowed with each status. */
const CODES: Readonly<Record<number, readonly string[]>> = {
  400: ['VALIDATION_ERROR'],
  401: ['UNAUTHORIZED'],
  403: ['FORBIDDEN'],
  404: ['RESOURCE_NOT_FOUND'],
  405: ['METHOD_NOT_ALLOWED'],
  408: ['REQUEST_TIMEOUT'],
  409: ['DUPLICATE_RESOURCE', 'CONFLICT'],
  412: ['PRECONDITION_FAILED'],
  413: ['PAYLOAD_TOO_LARGE'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  422: ['IDEMPOTENCY_KEY_REUSED'],
  429: ['RATE_LIMIT_EXCEEDED'],
  431: ['HEADERS_TOO_LARGE'],
  503: ['SERVICE_UNAVAILABLE'],
};
/** The message when the hash queue is full; any other 503 means that a store is unavailable. */
const QUEUE_FULL = 'Too many passwords are being checked right now. Please try again.';

export type Answer = Pick<RawAnswer, 'status' | 'headers' | 'bytes'>;

/** Names what in an answer violates the contract; `undefined` if nothing does or if the request succeeded. */
export function faultOf({ status, headers, bytes }: Answer, method = 'GET'): string | undefined {
  if (status < 400) return undefined;
  const requestId = headers['x-request-id'];
  // Node's parser answers with the status alone if it cannot read the request.
  if (requestId === undefined && bytes.length === 0 && status < 500) return undefined;
  if (CODES[status] === undefined) return `the status ${status}`;
  if (method === 'HEAD') return undefined;
  if (headers['content-type'] !== 'application/json; charset=utf-8') return `the type ${headers['content-type']}`;
  // A replayed failure has the id of the first request in its body.
  const expectedId = headers['idempotency-replayed'] === 'true' ? undefined : requestId;
  return faultOfEnvelope(status, expectedId, read(bytes, headers['content-encoding']));
}

function faultOfEnvelope(status: number, requestId: unknown, text: string): string | undefined {
  const { success, error, ...others } = JSON.parse(text) as Record<string, unknown>;
  const {
    code,
    message,
    timestamp,
    requestId: named,
    reason,
    details,
    ...rest
  } = { ...(error as Record<string, unknown>) };
  const whole =
    success === false &&
    typeof message === 'string' &&
    typeof timestamp === 'string' &&
    (requestId === undefined ? typeof named === 'string' : named === requestId) &&
    (status === 401 ? UNAUTHORIZED_REASONS.some((known) => known === reason) : reason === undefined) &&
    (details === undefined || isListOfFaults(details)) &&
    Object.keys({ ...others, ...rest }).length === 0;
  if (!whole) return `the envelope ${text}`;
  if (!CODES[status]?.includes(String(code))) return `the code ${String(code)} beside ${status}`;
  return status === 503 && message !== QUEUE_FULL ? `the message ${message}` : undefined;
}

function isListOfFaults(details: unknown): boolean {
  if (!Array.isArray(details) || details.length === 0 || details.length > MAX_DETAILS) return false;
  return details.every(
    ({ field, rule, message, ...rest }: Record<string, unknown>) =>
      typeof field === 'string' &&
      typeof message === 'string' &&
      FAULT_RULES.some((known) => known === rule) &&
      Object.keys(rest).length === 0,
  );
}

function read(bytes: Buffer, encoding: string | undefined): string {
  if (encoding === 'br') return brotliDecompressSync(bytes).toString();
  return (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

/** Splits the bytes received on a connection into answers; none may be compressed. */
export function answersIn(received: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = received; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(fields.map((field): [string, string] => [nameIn(field), valueIn(field)]));
    const chunked = headers['transfer-encoding'] === 'chunked';
    const length = chunked ? chunkedLength(rest.slice(end + 4)) : Number(headers['content-length'] ?? 0);
    const bytes = Buffer.from(rest.slice(end + 4, end + 4 + length), 'latin1');
    if (end === -1 || !line.startsWith('HTTP/1.1 ') || bytes.length < length) throw new Error(`No answer: ${rest}`);
    answers.push({ status: Number(line.slice(9, 12)), headers, bytes });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** The length of a chunked body (only the export has one), up to the end of its empty last chunk. */
function chunkedLength(rest: string): number {
  const last = rest.indexOf('\r\n0\r\n\r\n');
  return last === -1 ? rest.length : last + 7;
}

const nameIn = (field: string) => field.slice(0, field.indexOf(':')).toLowerCase();
const valueIn = (field: string) => field.slice(field.indexOf(':') + 1).trim();
