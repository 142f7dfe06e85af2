import { isObject, unexpected } from './answer.js';
import { ClientError } from './errors.js';
import { type Client, createClient } from './generated/client/index.js';
import type { Session } from './session.js';
import { type Attempts, send, type Sending } from './transport.js';

/** What every operation is given. */
export interface Caller {
  readonly client: Client;
  readonly throwOnError: true;
}

/** The ways to call an operation. */
export interface Api {
  /** With the session's access token, which is refreshed when it has expired. */
  readonly session: Caller;
  /** As `session`; the body is read by the caller. */
  readonly stream: Caller;
  /** Without a token. */
  readonly open: Caller;
  /**
   * As `open`, and sent again when the answer was lost.
   *
   * @param attempts what to do before each attempt, and what ends the pauses between them
   */
  repeatable(attempts: Attempts): Caller;
  /** As `open`; a 503 is the answer that was asked for. */
  readonly health: Caller;
  readonly timeoutMs: number;
}

export interface ApiOptions {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly credentials?: 'include';
}

/** @param session for the calls that need one; asked for at each call */
export function createApi(options: ApiOptions, session: () => Session): Api {
  const { timeoutMs } = options;
  const open = (sending: Omit<Sending, 'timeoutMs'> = {}) =>
    caller(options, (request) => send(request, { timeoutMs, ...sending }));
  const inSession = (sending: Omit<Sending, 'timeoutMs'> = {}) =>
    caller(options, (request) => session().run((accessToken) => send(request, { timeoutMs, ...sending, accessToken })));
  return {
    session: inSession(),
    stream: inSession({ streamed: true }),
    open: open(),
    repeatable: (attempts) => open({ repeatable: true, ...attempts }),
    health: open({ expected: 503 }),
    timeoutMs,
  };
}

/** What an operation resolves to. */
export interface Enveloped<Content> {
  readonly data: { readonly success: boolean; readonly data: Content };
  readonly response: Response;
}

/** The content of the envelope. @throws UnexpectedResponseError where it is not an object */
export function contentOf<Content>({ data, response }: Enveloped<Content>): Content {
  if (!data.success || !isObject(data.data)) throw unexpected(response);
  return data.data;
}

/** An object in the content of the envelope. @throws UnexpectedResponseError where there is none of this name */
export function memberOf<Content, Name extends keyof Content>(result: Enveloped<Content>, name: Name): Content[Name] {
  const member = contentOf(result)[name];
  if (!isObject(member)) throw unexpected(result.response);
  return member;
}

/** A list in the content of the envelope. @throws UnexpectedResponseError where there is none of this name */
export function listOf<Content, Name extends keyof Content>(result: Enveloped<Content>, name: Name): Content[Name] {
  const list = memberOf(result, name);
  if (!Array.isArray(list)) throw unexpected(result.response);
  return list;
}

/** A new `Idempotency-Key`. `randomUUID()` is missing on pages without HTTPS. */
export function idempotencyKey(): { 'Idempotency-Key': string } {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { 'Idempotency-Key': Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}

function caller({ baseUrl, credentials }: ApiOptions, answer: (request: Request) => Promise<Response>): Caller {
  const client = createClient({
    baseUrl,
    ...(credentials === undefined ? {} : { credentials }),
    // What is no JSON is refused before: a proxy may have left out the type.
    parseAs: 'json',
    fetch: (input, init) => answer(new Request(input, init)),
    requestValidator,
  });
  // What comes before the request is sent, such as an address that is none.
  client.interceptors.error.use((error) =>
    error instanceof ClientError ? error : new ClientError('The request could not be made', { cause: error }),
  );
  return { client, throwOnError: true };
}

/** An empty name, or one of dots, would make the path that of another resource. */
async function requestValidator(options: unknown): Promise<void> {
  const path = isObject(options) && isObject(options['path']) ? options['path'] : {};
  for (const [name, value] of Object.entries(path)) {
    if (['', '.', '..'].includes(String(value))) throw new ClientError(`"${String(value)}" is no ${name}`);
  }
}
