import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** The longest that is kept of what a client calls itself, in characters. */
const MAX_USER_AGENT_LENGTH = 512;

/**
 * What code that works for a request may ask about it. Node's keep-alive timer holds on to a connection's last context, so
 * this must not reference the request itself.
 */
export class RequestContext {
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent: string | null;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** The user that its token was signed for, even if that token or its session has ended. */
  subject?: string;
  principal?: Principal;
  /** Why the request was answered 403: the missing permission or the broken rule. */
  denied?: string;
  private readonly socket: Socket;

  constructor({ id, ip, socket, headers }: FastifyRequest) {
    this.requestId = id;
    // A trusted proxy may have handed on any text as its client's address.
    this.ip = withoutZone(isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip);
    this.userAgent = headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed() ?? null;
    this.headers = headers;
    this.socket = socket;
  }

  /** Aborts when the client has hung up. Fastify's own signal does so as soon as the body has been read. */
  get signal(): AbortSignal {
    return closeSignal(this.socket);
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

/** One signal per connection, shared by all its requests: each of its own would add a listener to the socket. */
const closeSignals = new WeakMap<Socket, AbortSignal>();

function closeSignal(socket: Socket): AbortSignal {
  const known = closeSignals.get(socket);
  if (known !== undefined) return known;
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  if (socket.destroyed) controller.abort();
  else socket.once('close', () => controller.abort());
  closeSignals.set(socket, controller.signal);
  return controller.signal;
}
