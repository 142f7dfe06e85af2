import { connect } from 'node:net';
import fc from 'fast-check';
import type { Actors } from './malformed-requests.js';
import { ROUTES } from './routes.js';

/** The bytes to send on a connection, in Latin-1. */
export type MalformedBytes = (actors: Actors) => string;

const LONG = 10_000;

/** Ends of a head, with a body, that state the body's length in a wrong or unusual way. */
const FRAMINGS: readonly string[] = [
  'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG',
  'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}',
  'Content-Length: 2, 2\r\n\r\n{}',
  ...[
    '-1',
    '+2',
    '1e3',
    '0x2',
    'x',
    '',
    ' ',
    '2 2',
    '99999999999999999999',
    '9007199254740993',
    '65537',
    '9',
    '1',
    '0',
  ].map((length) => `Content-Length: ${length}\r\n\r\n{}`),
  ...['identity', 'chunked, chunked', 'xchunked', 'chunked, gzip', 'gzip, chunked', '\tchunked', 'chunked\x0b', ''].map(
    (coding) => `Transfer-Encoding: ${coding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ),
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ...['ZZ', '-1', 'FFFFFFFFFFFFFFFFF', '2 ', '02', '3', `2;${'x'.repeat(LONG)}`, '2;a="\r\n"', '2\n', ''].map(
    (size) => `Transfer-Encoding: chunked\r\n\r\n${size}\r\n{}\r\n0\r\n\r\n`,
  ),
  'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\nContent-Length: 1\r\n\r\n',
  `Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
  `Transfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(2_000)}0\r\n\r\n`,
  'Content_Length: 2\r\n\r\n{}',
  'Content-Length : 2\r\n\r\n{}',
  ' Content-Length: 2\r\n\r\n{}',
  'X: a\r\n Content-Length: 2\r\n\r\n{}',
  'X\0: a\r\n\r\n',
  'X: \0\r\n\r\n',
  ': a\r\n\r\n',
  'X\r\n\r\n',
  'X: a\nContent-Length: 2\n\n{}',
  'X: a\rContent-Length: 2\r\n\r\n{}',
  'Host: y\r\n\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n',
  'Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}',
  `${'X: y\r\n'.repeat(3_000)}\r\n`,
  `X: ${'y'.repeat(LONG)}\r\n`,
  '',
];

const TARGETS = [
  '*',
  'http://evil.test/api/v1/users',
  'evil.test:443',
  '//evil.test',
  'x',
  '?x',
  '/\0',
  '/\xff',
  '/ /',
  '',
  `/${'a'.repeat(20_000)}`,
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', 'HTTP/1.1 x', 'RTSP/1.0', ''];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'FOO', 'G\0T', ''];

/** Bytes that are not an HTTP/1.1 request. */
const FOREIGN = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  'HELLO\r\n\r\n',
  '\r\n\r\n\r\n',
  '\0',
  '{}',
  '*1\r\n$4\r\nPING\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
];

const pathOf =
  (route: (typeof ROUTES)[number]): MalformedBytes =>
  ({ user }) =>
    `${route.method} ${route.path.replace('{id}', user.user.id).replace('{name}', 'user').replace('{sessionId}', 'x')} HTTP/1.1`;

const line: fc.Arbitrary<MalformedBytes> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ROUTES).map(pathOf) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...METHODS), fc.constantFrom(...TARGETS, '/api/v1/users'), fc.constantFrom(...VERSIONS))
      .map(
        (parts): MalformedBytes =>
          () =>
            parts.join(' '),
      ),
  },
);

/** Requests to all routes whose end two parsers may see at different places, and bytes that are no request. */
export const malformedBytes: fc.Arbitrary<MalformedBytes> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(line, fc.constantFrom(...FRAMINGS), fc.boolean())
      .map(([start, framing, known]): MalformedBytes => (actors) => {
        const token = known ? `Authorization: Bearer ${actors.admin.token}\r\n` : '';
        return `${start(actors)}\r\nHost: x\r\n${token}Content-Type: application/json\r\n${framing}`;
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...FOREIGN).map(
      (bytes): MalformedBytes =>
        () =>
          bytes,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 300 }).map(
      (bytes): MalformedBytes =>
        () =>
          Buffer.from(bytes).toString('latin1'),
    ),
  },
);

/** Milliseconds without an answer, or without more of it, after which the connection is ended. */
const UNANSWERED_MS = 150;
const ANSWERED_MS = 20;

/** Sends the bytes on a new connection. @returns all that comes back */
export function sendBytes(origin: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    // Not at once: Node does not answer a client that has ended its side of the connection.
    let quiet = setTimeout(() => socket.end(), UNANSWERED_MS);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.end(), ANSWERED_MS);
    });
    // A server that has answered need not read the rest.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(quiet);
      resolve(received);
    });
    socket.write(bytes, 'latin1');
  });
}
