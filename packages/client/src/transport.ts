import { errorIn, retryAfterOf } from './answer.js';
import { ApiError, type ClientError, ConflictError, ConnectionError, UnexpectedResponseError } from './errors.js';
import { sleep } from './time.js';

/** The pauses before another attempt after a lost answer, 7.75 s together: a restart of the server takes less. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000];
/** How often a request waits for `Retry-After`, and the most seconds that it waits each time. */
const MAX_WAITS = 4;
const MAX_RETRY_AFTER_S = 60;
/** Statuses by which a proxy says that the server behind it did not answer. */
const GATEWAY: ReadonlySet<number> = new Set([502, 504]);

export interface Attempts {
  /** Called before each attempt. When it rejects, the request is not sent (again), and rejects with the same error. */
  readonly before?: () => Promise<void>;
  /** Ends the pauses between the attempts. */
  readonly hurry?: AbortSignal;
  /** The most seconds to wait for `Retry-After` each time. */
  readonly maxRetryAfter?: number;
}

export interface Sending extends Attempts {
  /** The milliseconds that an attempt may take, its body included. */
  readonly timeoutMs: number;
  /** For the `Authorization` header. */
  readonly accessToken?: string | undefined;
  /** Whether to send it again after a lost answer. Reads and requests with an `Idempotency-Key` always are. */
  readonly repeatable?: boolean;
  /** Whether the body is left to the caller, who reads it piece by piece. */
  readonly streamed?: boolean;
  /** A status that usually is a failure, and here has the answer that was asked for. */
  readonly expected?: number;
}

interface Attempt {
  readonly response?: Response;
  readonly failure?: ClientError | undefined;
}

/**
 * Sends a request, and sends it again as long as another attempt may help.
 *
 * @throws ApiError where the API refuses it
 * @throws ConnectionError where no answer came, after all attempts that are allowed
 * @throws UnexpectedResponseError where the answer is not the API's
 */
export async function send(request: Request, sending: Sending): Promise<Response> {
  const repeatable = sending.repeatable === true || request.method === 'GET' || request.headers.has('idempotency-key');
  let lost = 0;
  let waits = 0;
  for (;;) {
    await sending.before?.();
    const { response, failure } = await attempt(request, sending);
    if (response !== undefined && failure === undefined) return response;
    let pauseMs: number | undefined;
    // The API refuses before it does anything. A proxy may refuse after the server behind it has done the work.
    const refused = repeatable || failure instanceof ApiError;
    if (refused && (response?.status === 429 || response?.status === 503)) {
      const seconds = Math.max(1, retryAfterOf(response.headers) ?? 1);
      if (waits < MAX_WAITS && seconds <= (sending.maxRetryAfter ?? MAX_RETRY_AFTER_S))
        pauseMs = seconds * 1_000 + Math.random() * 250;
      waits += 1;
    } else if (repeatable && isLost(response, failure, lost > 0)) {
      // Clients that lost their answers at the same moment do not all come back at the same moment.
      const pause = PAUSES_MS[lost];
      if (pause !== undefined) pauseMs = pause * (0.9 + Math.random() * 0.2);
      lost += 1;
    }
    if (pauseMs === undefined) throw failure;
    await sleep(pauseMs, sending.hurry);
  }
}

async function attempt(request: Request, sending: Sending): Promise<Attempt> {
  const { timeoutMs, accessToken, streamed, expected } = sending;
  const headers = new Headers(request.headers);
  if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`);
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), timeoutMs);
  try {
    const response = await fetch(request.clone(), {
      headers,
      signal: aborter.signal,
      // Followed, a write could become a GET, and a password could go to another server.
      redirect: 'manual',
    });
    if (streamed === true && response.ok) return { response };
    const text = await response.text();
    const failure = errorIn(response, text, expected);
    if (failure !== undefined) return { response, failure };
    // The generated client takes every status but 2xx for a failure.
    const init = { status: response.ok ? response.status : 200, headers: response.headers };
    return { response: new Response(text === '' ? null : text, init) };
  } catch (cause) {
    const message = aborter.signal.aborted ? `No answer within ${timeoutMs} ms` : 'The server did not answer';
    return { failure: new ConnectionError(message, { cause }) };
  } finally {
    clearTimeout(timer);
  }
}

/** @param again whether the answer to an earlier attempt was lost */
function isLost(response: Response | undefined, failure: ClientError | undefined, again: boolean): boolean {
  if (response === undefined) return true;
  if (failure instanceof UnexpectedResponseError) return GATEWAY.has(response.status);
  // The earlier attempt may still be running. If it has ended with this very conflict, the answer is a replay.
  const conflict = failure instanceof ConflictError && failure.code === 'CONFLICT';
  return again && conflict && !response.headers.has('idempotency-replayed');
}
