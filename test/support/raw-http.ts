import { type Agent, type IncomingHttpHeaders, request as startRequest } from 'node:http';

export interface RawRequest {
  readonly method?: string;
  /** From the root, sent unchanged. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whether the body is sent in chunks, without its length. */
  readonly chunked?: boolean;
  /** The agent whose connection to use; without one, the request opens a new connection. */
  readonly agent?: Agent;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The parsed body; `undefined` when there is none or it is not JSON. */
  // Tests read it without a type, and fail if it is not what they expect.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Sends what `fetch` refuses or tidies up: any method, path, header and framing. */
export function sendRaw(
  origin: string,
  { method = 'GET', path, headers = {}, body, chunked, agent }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const framing =
    body === undefined
      ? {}
      : chunked === true
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, agent: agent ?? false, headers: { ...framing, ...headers } };
    const request = startRequest(options);
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      // A server that has answered need not read the rest of the request.
      request.on('error', () => undefined).off('error', reject);
      response.once('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        const json = response.headers['content-type']?.startsWith('application/json') === true && text.startsWith('{');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text,
          body: json && response.headers['content-encoding'] === undefined ? JSON.parse(text) : undefined,
        });
      });
    });
    if (body !== undefined && chunked === true) request.write(Buffer.from(body).subarray(0, 10));
    request.end(chunked === true && body !== undefined ? Buffer.from(body).subarray(10) : body);
  });
}
