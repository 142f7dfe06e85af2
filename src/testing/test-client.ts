export interface ApiRequest {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; `undefined` when there is none or it is not JSON. */
  // Tests read it without a type, and fail if it is not what they expect.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Sends requests to a running server. Paths are relative to `/api/v1`; those that begin with `//`, to the root. */
export class TestClient {
  constructor(readonly origin: string) {}

  get(path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.send('GET', path, request);
  }

  post(path: string, body?: unknown, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.send('POST', path, { body, ...request });
  }

  patch(path: string, body?: unknown, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.send('PATCH', path, { body, ...request });
  }

  put(path: string, body?: unknown, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.send('PUT', path, { body, ...request });
  }

  delete(path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.send('DELETE', path, request);
  }

  async send(method: string, path: string, { token, headers, body, raw }: ApiRequest = {}): Promise<ApiAnswer> {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.url(path), {
      method,
      headers: {
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  }

  /** The whole address of a path. */
  protected url(path: string): string {
    return path.startsWith('//') ? this.origin + path.slice(1) : `${this.origin}/api/v1${path}`;
  }
}
