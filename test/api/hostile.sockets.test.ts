import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answersIn } from '../support/contract-answers.js';
import { newAccount } from '../support/factories.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { waitUntil } from '../support/wait.js';

describe('A raw connection', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  const open = (): Socket => {
    const { hostname, port } = new URL(test.api.origin);
    return connect(Number(port), hostname).on('error', () => undefined);
  };
  const exchange = async (head: string): Promise<{ status: number; body: string }> => {
    const socket = open();
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    const [answer] = answersIn(received);
    return { status: answer?.status ?? 0, body: answer?.bytes.toString() ?? '' };
  };

  it.each([
    ['two different hosts', '/api/v1/health/live', 'Host: a.test\r\nHost: b.test'],
    ['the same host twice', '/api/v1/health/live', 'Host: a.test\r\nhost: a.test'],
    ['three hosts, the last one empty', '/api/v1/users', 'Host: a.test\r\nX-A: 1\r\nHOST: b.test\r\nHost: '],
    ['two hosts on an unknown path', '/nowhere', 'Host: a.test\r\nHost: b.test'],
    ['two tokens', '/api/v1/users/me', 'Host: a\r\nAuthorization: Bearer a\r\nauthorization: Bearer b'],
    ['two media types', '/api/v1/users', 'Host: a\r\nContent-Type: application/json\r\nContent-Type: text/plain'],
  ])('with %s is a 400', async (_, path, headers) => {
    const { status, body } = await exchange(`GET ${path} HTTP/1.1\r\n${headers}`);
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ rule: 'duplicate_key' }] });
  });

  it('with one host and repeated other headers is served', async () => {
    const accepts = 'Accept: text/html\r\nAccept: application/json\r\nX-A: 1\r\nX-A: 2';
    expect((await exchange(`GET /api/v1/health/live HTTP/1.1\r\nHost: a\r\n${accepts}`)).status).toBe(200);
  });

  it('is closed when it takes nothing of its answer for 30 seconds', async () => {
    const server: Server = test.app.getHttpServer();
    expect(server.timeout).toBe(30_000);
    const { token } = await register(test.api, newAccount());
    const admin = await test.admin();
    for (let n = 0; n < 40; n += 1) {
      await test.api.patch('/users/me', { firstName: `x${n}`, bio: `${n % 10}`.repeat(490) }, { token });
    }
    server.setTimeout(300);
    const stalled = open();
    const sockets: Socket[] = [];
    server.once('connection', (socket: Socket) => sockets.push(socket));
    // Pipelined, as one export fits the buffers of the kernel.
    const request = `GET /api/v1/audit-logs/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${admin.token}\r\n\r\n`;
    stalled.pause();
    stalled.write(request.repeat(200));
    try {
      await waitUntil('the connection is there', async () => sockets.length > 0);
      await waitUntil('the connection is closed', async () => sockets[0]?.destroyed === true);
    } finally {
      server.setTimeout(30_000);
      stalled.destroy();
    }
  });
});
