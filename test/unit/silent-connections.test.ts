import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeWhileClientIsSilent } from '../../src/platform/server/silent-connections.js';

const LIMIT_MS = 100;
const HELD_MS = 4 * LIMIT_MS;
/** More than Node reads of a body that no code consumes. */
const LARGE = 1_000_000;

async function body(request: IncomingMessage): Promise<number> {
  let length = 0;
  for await (const chunk of request) length += (chunk as Buffer).length;
  return length;
}

describe('A connection past its limit', () => {
  let server: Server;
  let client: Socket;
  afterEach(async () => {
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  /**
   * Sends a request with a part of its body.
   *
   * @returns what has been received by the time the connection is closed
   */
  async function exchange(
    [sent, length]: [sent: number, length: number],
    work: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>,
  ): Promise<string> {
    server = createServer((request, response) => {
      closeWhileClientIsSilent(request, response);
      work(request, response).catch(() => undefined);
    }).listen(0, '127.0.0.1');
    server.setTimeout(LIMIT_MS);
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
    client.write(Buffer.alloc(sent));
    let received = '';
    client.setEncoding('latin1').on('data', (text: string) => (received += text));
    return new Promise((resolve) => {
      client.once('close', () => resolve(received));
    });
  }

  it('is kept while the server works on a whole request', async () => {
    const received = await exchange([10, 10], async (request, response) => {
      await body(request);
      await sleep(HELD_MS);
      response.end('done');
    });
    expect(received).toMatch(/^HTTP\/1.1 200 [^]*done/);
  });

  it('is kept while the server works on a part of a body before it takes the rest', async () => {
    const received = await exchange([LARGE, LARGE], async (request, response) => {
      await sleep(HELD_MS);
      response.end(String(await body(request)));
    });
    expect(received).toMatch(/^HTTP\/1.1 200 [^]*1000000/);
  });

  it('is closed while the rest of a body does not come, also after the server has worked on its beginning', async () => {
    let read = 0;
    const received = await exchange([1_000, LARGE], async (request) => {
      await sleep(HELD_MS);
      request.on('data', (chunk: Buffer) => (read += chunk.length));
    });
    expect([received, read]).toEqual(['', 1_000]);
  });
});
