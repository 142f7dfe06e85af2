import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { answersIn } from '../support/contract-answers.js';
import { newAccount, type Session } from '../support/factories.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { sendRaw } from '../support/raw-http.js';
import { waitUntil } from '../support/wait.js';

const LIMIT_MS = 30_000;
const SHORT_LIMIT_MS = 300;

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
});

describe('A connection on which nothing happens for 30 seconds', () => {
  let test: TestApp;
  let server: Server;
  let limit: number;
  let admin: Session;
  beforeAll(async () => {
    test = await startApp();
    server = test.app.getHttpServer();
    admin = await test.admin();
    limit = server.timeout;
    server.setTimeout(SHORT_LIMIT_MS);
  });
  afterAll(() => test.close());

  /** Sends this much and reads nothing. */
  const send = (text: string): Socket => {
    const { hostname, port } = new URL(test.api.origin);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.pause().write(text);
    return socket;
  };
  const list = () =>
    `GET /api/v1/audit-logs/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${admin.token}\r\n\r\n`;
  const expectClosed = async (open: () => Socket): Promise<void> => {
    const sockets: Socket[] = [];
    server.once('connection', (socket: Socket) => sockets.push(socket));
    const client = open();
    try {
      await waitUntil('the connection is there', async () => sockets.length > 0);
      await waitUntil('the connection is closed', async () => sockets[0]?.destroyed === true, LIMIT_MS);
    } finally {
      client.destroy();
    }
  };

  it('is closed while the client takes nothing of its answer', async () => {
    expect(limit).toBe(LIMIT_MS);
    const { token } = await register(test.api, newAccount());
    for (let n = 0; n < 40; n += 1) {
      await test.api.patch('/users/me', { bio: `${n}${'🧶'.repeat(490)}` }, { token });
    }
    // Pipelined, as one export fits the buffers of the kernel.
    await expectClosed(() => send(list().repeat(60)));
  });

  it('is closed while the client owes the rest of its request', async () => {
    const head = 'POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99';
    await expectClosed(() => send(`${head}\r\n\r\n{`));
  });

  it('is kept while the server works on its request', async () => {
    const headers = { authorization: `Bearer ${admin.token}` };
    const [answering] = await test.app.get(PrismaService).$transaction(async (db) => {
      // The request waits for it; on embedded stores, which have one connection, for the whole transaction.
      await db.$executeRaw`LOCK TABLE users IN ACCESS EXCLUSIVE MODE`;
      const request = sendRaw(test.api.origin, { path: '/api/v1/users', headers }).catch(String);
      await sleep(4 * SHORT_LIMIT_MS);
      return [request];
    });
    expect(await answering).toMatchObject({ status: 200 });
  });
});
