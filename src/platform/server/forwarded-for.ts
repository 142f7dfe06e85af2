import { isIP } from 'node:net';
import type { onRequestHookHandler } from 'fastify';
import type { Logger } from 'pino';

const HEADER = 'x-forwarded-for';
const BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/;
const WITH_PORT = /^([\d.]+):\d{1,5}$/;

/**
 * Fastify onRequest hook: leaves the addresses alone in `X-Forwarded-For`, which some proxies write with a port, in
 * brackets or in quotes. Fastify reads the client's address from it after that, if the peer is trusted.
 */
export const readForwardedFor: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
  const sent = headers[HEADER];
  if (sent !== undefined) headers[HEADER] = [sent].flat().join(',').split(',').map(plainAddress).join(',');
  done();
};

/** Fastify onRequest hook: warns once when a peer that is not trusted names a client, and so is taken for it. */
export function warnOfUntrustedProxy(logger: Logger): onRequestHookHandler {
  let warned = false;
  return (request, _reply, done) => {
    // `ips` are the peer and those that it is trusted to name.
    if (!warned && Boolean(request.headers[HEADER]) && (request.ips?.length ?? 0) < 2) {
      warned = true;
      logger.warn(
        { context: 'Server', peer: request.socket.remoteAddress },
        'X-Forwarded-For from a peer that TRUST_PROXY does not list is ignored: if the peer is your proxy, the limits count all clients behind it as one',
      );
    }
    done();
  };
}

/** The address of an entry such as `203.0.113.7:51234` or `"[2001:db8::5]:4711"`; any other entry unchanged. */
function plainAddress(entry: string): string {
  const text = entry
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const address = (BRACKETS.exec(text) ?? WITH_PORT.exec(text))?.[1] ?? text;
  return isIP(address) === 0 ? entry.trim() : address;
}
