import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** Each is verified: so many a client may make us do. */
const MAX_DEVICE_TOKENS = 2;

/**
 * What anything done on behalf of a request may ask about it. Whatever outlives the request, as its connection's timer
 * does, keeps this: it lets go of the response with the end of that.
 */
export class RequestContext {
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent: string | null;
  /** What the client sent as its device tokens. */
  readonly deviceTokens: readonly string[];
  /** The user that its token was signed for, whether or not that is still good. */
  subject?: string;
  principal?: Principal;
  private response: ServerResponse | undefined;
  private closing: AbortController | undefined;

  constructor({ id, ip, socket, headers }: FastifyRequest, response: ServerResponse) {
    this.requestId = id;
    // A trusted proxy may have handed on any text as its client's address.
    this.ip = withoutZone(isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip);
    this.userAgent = headers['user-agent'] ?? null;
    this.deviceTokens = sentDeviceTokens(headers);
    this.response = response;
    response.once('close', () => this.close());
  }

  /**
   * Aborts when the client has hung up. By the response: the request counts as closed once its body is read, so
   * Fastify's own signal aborts too early. Made at the first look, as most requests wait for nothing that it could end.
   */
  get signal(): AbortSignal {
    if (this.closing === undefined) {
      this.closing = new AbortController();
      if (this.response?.destroyed !== false) this.closing.abort();
    }
    return this.closing.signal;
  }

  private close(): void {
    if (this.response?.writableFinished === false) this.closing?.abort();
    this.response = undefined;
  }
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`, and all that it starts, in the context of a request. */
export function runInRequestContext(context: RequestContext, work: () => void): void {
  storage.run(context, work);
}

/** The context of the request being served; `undefined` outside of one, as at start. */
export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}

/** The zone of an IPv6 address, `%eth0`, is of this machine, and of any length (RFC 4007, section 11). */
function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? '';
}

function sentDeviceTokens({ cookie = '', 'x-device-token': header = [] }: IncomingHttpHeaders): readonly string[] {
  const cookies = [...cookie.matchAll(/(?:^|;) *device=([^;]*)/g)].map(([, value = '']) => value);
  return [...[header].flat(), ...cookies].slice(0, MAX_DEVICE_TOKENS);
}
