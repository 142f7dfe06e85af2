import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RelayedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HOP_BY_HOP = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
]);

/** A proxy before the application, which notes requests and answers some of them itself. */
export class Relay {
  /** Method and path of each request so far, without `/api/v1`. */
  readonly requests: string[] = [];
  /** The headers of each request so far. */
  readonly headers: Record<string, string>[] = [];
  private readonly answers: { readonly to: string; readonly answer: RelayedAnswer | 'lost' }[] = [];

  private constructor(
    private readonly target: string,
    private readonly server: Server,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.relay(request, response).catch(() => response.destroy());
    });
  }

  static async to(target: string): Promise<Relay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(target, server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Answers the next request that begins with `to` (method and path) itself, instead of the application. */
  answerNext(to: string, answer: RelayedAnswer, times = 1): void {
    for (let time = 0; time < times; time += 1) this.answers.push({ to, answer });
  }

  /** Lets the application answer the next request that begins with `to`, and cuts the connection instead of passing it on. */
  loseAnswerTo(to: string, times = 1): void {
    for (let time = 0; time < times; time += 1) this.answers.push({ to, answer: 'lost' });
  }

  /** The requests that begin with `to`. */
  of(to: string): string[] {
    return this.requests.filter((request) => request.startsWith(to));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const name = `${method} ${url.replace('/api/v1', '')}`;
    const headers: Record<string, string> = {};
    for (const [header, value] of Object.entries(request.headers)) {
      if (!HOP_BY_HOP.has(header)) headers[header] = String(value);
    }
    this.requests.push(name);
    this.headers.push(headers);
    const index = this.answers.findIndex(({ to }) => name.startsWith(to));
    const [own] = index === -1 ? [] : this.answers.splice(index, 1);
    const body = await text(request);
    if (own !== undefined && own.answer !== 'lost') {
      const { answer } = own;
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    const answer = await fetch(this.target + url, { method, headers, ...(body === '' ? {} : { body }) });
    const content = await answer.text();
    if (own !== undefined) {
      response.destroy();
      return;
    }
    for (const [header, value] of answer.headers) if (!HOP_BY_HOP.has(header)) response.appendHeader(header, value);
    response.writeHead(answer.status).end(content);
  }
}
