import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AppConfig, loadConfig } from '../../src/config/index.js';
import { HashGate } from '../../src/passwords/index.js';
import { BreachCheck } from '../../src/passwords/policy/breach-check.js';
import { SECRETS } from '../support/app.js';

const BREACHED = 'Correct-horse-7-battery!';
const DIGEST = createHash('sha1').update(BREACHED).digest('hex').toUpperCase();
const OTHERS = ['0018A45C4D1DEF81644B54AB7F969B88D65:1', '00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2'];

const lines =
  (...suffixes: string[]): RequestListener =>
  (_, response) =>
    response.end([...OTHERS, ...suffixes].join('\r\n'));

const checkWith = (config: AppConfig) => new BreachCheck(config, new HashGate(config));

describe('The breach check', () => {
  let server: Server;
  let asked: IncomingMessage[];
  let answer: RequestListener;
  const logged: string[] = [];

  beforeEach(async () => {
    asked = [];
    logged.length = 0;
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message: string) => void logged.push(message),
    });
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const check = (variables: object = {}) =>
    checkWith(loadConfig({ ...SECRETS, PASSWORD_BREACH_CHECK: 'hibp', PASSWORD_BREACH_URL: url(), ...variables }));

  it('finds a breached password, and sends only the first five digits of its hash', async () => {
    answer = lines(`${DIGEST.slice(5)}:42`);
    expect(await check().has(BREACHED)).toBe(true);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'GET', url: `/range/${DIGEST.slice(0, 5)}` });
    expect(asked[0]?.headers['add-padding']).toBe('true');
    expect(JSON.stringify(asked[0]?.headers)).not.toContain(DIGEST.slice(5));
    expect(logged).toEqual([]);
  });

  it.each([
    ['is not in the range', () => lines()],
    ['is in the range only as padding', () => lines(`${DIGEST.slice(5)}:0`)],
  ])('accepts a password that %s', async (_, range) => {
    answer = range();
    expect(await check().has(BREACHED)).toBe(false);
    expect(logged).toEqual([]);
  });

  it('sends no request when it is turned off', async () => {
    answer = lines(`${DIGEST.slice(5)}:42`);
    expect(await check({ PASSWORD_BREACH_CHECK: 'off' }).has(BREACHED)).toBe(false);
    expect(asked).toEqual([]);
  });

  it.each<[string, RequestListener]>([
    ['answers with an error', (_, response) => response.writeHead(503).end(`${DIGEST.slice(5)}:42`)],
    ['cuts the connection', (request) => request.socket.destroy()],
    ['does not answer', () => undefined],
    ['never ends its answer', (_, response) => void response.write(`${DIGEST.slice(5)}:42\r\n`)],
  ])('accepts the password within two seconds and logs a warning when the service %s', async (_, listener) => {
    answer = listener;
    const begun = performance.now();
    expect(await check().has(BREACHED)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(logged).toEqual([expect.stringMatching(/^A new password was not looked up among breached ones: ./)]);
    expect(logged.join()).not.toMatch(new RegExp(`${BREACHED}|${DIGEST.slice(0, 5)}`));
  });

  it('accepts every password when the service refuses connections', async () => {
    const unreachable = check();
    await once(server.close(), 'close');
    expect(await unreachable.has(BREACHED)).toBe(false);
    expect(logged).toEqual([expect.stringContaining('ECONNREFUSED')]);
    server.listen(0);
  });
});
