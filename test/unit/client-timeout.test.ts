import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ConnectionError, createClient } from '../../packages/client/src/index.js';
import { MemoryStorage } from '../support/client-sessions.js';

describe('timeoutMs of the client', () => {
  it('bounds the head and the body of each attempt, and the pauses of a stream', async () => {
    const server = createServer((request, response) => {
      if (request.url?.includes('forgot') === true) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(request.url?.includes('export') === true ? '{"id":"1"}\n{"id"' : '{"success":');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createClient({ baseUrl, storage: new MemoryStorage(), timeoutMs: 100 });
    const entries = client.audit.export();
    expect(await entries.next()).toEqual({ done: false, value: { id: '1' } });
    await expect(entries.next()).rejects.toBeInstanceOf(ConnectionError);
    // One attempt each: these are not sent again.
    const head = client.auth.forgotPassword({ email: 'ada@example.com' });
    const body = client.auth.verifyEmail({ token: 'token' });
    for (const call of [head, body]) {
      await expect(call).rejects.toMatchObject({ name: 'ConnectionError', message: 'No answer within 100 ms' });
    }
    server.closeAllConnections();
    server.close();
  });
});
