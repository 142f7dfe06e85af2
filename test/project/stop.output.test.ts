import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { FAST_HASHES, NO_LIMITS, SECRETS, startApp } from '../support/app.js';
import { ADMIN } from '../support/factories.js';
import { freePort } from '../support/process.js';
import { createStores, newFolder, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** How long (ms) an orchestrator waits before it kills the process. */
const PATIENCE_MS = 10_000;
const START_TIMEOUT_MS = 60_000;
/** More than a pipe holds (64 KiB), at some 200 bytes for the log line of a request. */
const REQUESTS = 600;
/** What makes room in a full pipe, in bytes. */
const PAGE = 4_096;
/** A kilobyte each. */
const EXPORTED_ENTRIES = 15_000;

let stores: Stores;
/** Each leads a process group of its own, so that none of its children is missed. */
const children: ChildProcess[] = [];
const fds: number[] = [];

const groupRuns = ({ pid = 0 }: ChildProcess) => {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
};

beforeAll(async () => {
  stores = await createStores();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (groupRuns(child)) process.kill(-(child.pid ?? 0), 'SIGKILL');
    child.stdout?.destroy();
  }
  for (const fd of fds.splice(0)) closeSync(fd);
});
afterAll(() => stores.remove());

function run(command: string, args: readonly string[], env: object, stdio: StdioOptions = 'pipe'): ChildProcess {
  const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
  const settings = { ...stores.env, ...SECRETS, ...admin, ...FAST_HASHES, ...NO_LIMITS };
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], npm_config_update_notifier: 'false', ...settings, HOST: '127.0.0.1', ...env },
    stdio,
    detached: true,
  });
  children.push(child);
  return child;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/api/v1/health/live`).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function start(command: string, args: readonly string[], env: object = {}, stdio: StdioOptions = 'pipe') {
  const port = await freePort();
  const child = run(command, args, { PORT: String(port), ...env }, stdio);
  await waitUntil('the server answers', () => answers(port), START_TIMEOUT_MS);
  return { child, port };
}

/** Stops a process by its own pid, as an operator does. */
async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const begun = performance.now();
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code] = await ended;
  expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
  return code;
}

/** A pipe that nothing is read from until `read()` or `readAll()`. */
function openPipe(): { fd: number; read(): string; readAll(): string } {
  const path = `${newFolder()}-pipe`;
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  fds.push(fd);
  const buffer = Buffer.alloc(65_536);
  const readAll = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer)) + readAll();
    } catch {
      return '';
    }
  };
  const read = () => {
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, PAGE, null));
    } catch {
      return '';
    }
  };
  return { fd: openSync(path, constants.O_WRONLY), read, readAll };
}

describe('What an operator starts through npm', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with its npm at %s: npm start frees the port', async (signal) => {
    const { child, port } = await start('npm', ['start']);
    expect(await stop(child, signal)).toBe(0);
    expect(await answers(port)).toBe(false);
    expect(groupRuns(child)).toBe(false);
  });

  it('stops once at Ctrl-C, which reaches npm and the server, and takes its time for a request', async () => {
    const { child, port } = await start('npm', ['start'], { ARGON2_MEMORY_KIB: '65536', ARGON2_TIME_COST: '20' });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ email: 'a@b.example', password: 'Some-sound-9-word!' });
    const answer = fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, { method: 'POST', headers, body });
    await sleep(200);
    const ended = once(child, 'exit');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect((await answer).status).toBe(401);
    await ended;
    expect(groupRuns(child)).toBe(false);
  });

  it.each([
    [
      'npm run uma -- admin:create',
      ['run', 'uma', '--', 'admin:create', '--email', 'b@b.example', '--username', 'second'],
    ],
    ['npm run uma -- admin:reset-password', ['run', 'uma', '--', 'admin:reset-password', '--email', 'a@b.example']],
  ])('ends with its npm: %s at its prompt', async (_name, args) => {
    const child = run('npm', args, {});
    await sleep(3_000);
    expect(groupRuns(child)).toBe(true);
    await stop(child);
    expect(groupRuns(child)).toBe(false);
  });
});

describe('Standard output that takes nothing', () => {
  const server = [resolve('dist/main.js')];

  it.each([
    ['a pipe', { LOG_FORMAT: 'json' }],
    ['a pipe, for the pretty format', { LOG_FORMAT: 'pretty' }],
    ['a pipe, for audit entries too', { AUDIT_SINK: 'stdout' }],
  ])('delays neither requests nor the end: %s', async (_name, env: object) => {
    const pipe = openPipe();
    fds.push(pipe.fd);
    const { child, port } = await start(process.execPath, server, env, ['ignore', pipe.fd, 'ignore']);
    for (let n = 0; n < REQUESTS; n += 1) expect(await answers(port)).toBe(true);
    expect(await stop(child)).toBe(0);
  });

  it('delays neither requests nor the end: a socket', async () => {
    const { child, port } = await start(process.execPath, server, {}, ['ignore', 'pipe', 'ignore']);
    for (let n = 0; n < 3 * REQUESTS; n += 1) expect(await answers(port)).toBe(true);
    expect(await stop(child)).toBe(0);
  });

  it('loses no line when it takes them late, in part during the stop', async () => {
    const pipe = openPipe();
    fds.push(pipe.fd);
    const { child, port } = await start(process.execPath, server, { LOG_FORMAT: 'json' }, [
      'ignore',
      pipe.fd,
      'ignore',
    ]);
    for (let n = 0; n < REQUESTS; n += 1) await answers(port);
    let text = pipe.readAll();
    for (let n = 0; n < REQUESTS; n += 1) await answers(port);
    const stopped = stop(child);
    const reading = setInterval(() => (text += pipe.readAll()), 100);
    expect(await stopped).toBe(0);
    clearInterval(reading);
    text += pipe.readAll();
    const lines = text.split('\n').filter((line) => line.startsWith('{'));
    const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
    expect(requests.length).toBeGreaterThanOrEqual(2 * REQUESTS);
  });
});

describe('Standard output that takes less than there is to write', () => {
  it('makes requests wait past 16 MiB, and does not delay the end', async () => {
    const pipe = openPipe();
    fds.push(pipe.fd);
    const preload = ['--import', new URL('../support/fill-output.mjs', import.meta.url).href];
    const { child, port } = await start(process.execPath, [...preload, resolve('dist/main.js')], {}, [
      'ignore',
      pipe.fd,
      'ignore',
    ]);
    pipe.readAll();
    let latest = '';
    const reading = setInterval(() => (latest = pipe.read()), 250);
    child.kill('SIGUSR2');
    await waitUntil('it has written much', async () => latest.endsWith('x'));
    let answered = 0;
    for (let n = 0; n < 100; n += 1) void answers(port).then((ok) => (answered += Number(ok)));
    await sleep(500);
    expect(answered).toBe(0);
    await stop(child);
    clearInterval(reading);
  });
});

describe('A download whose client does not read', () => {
  it('is cut in time for the end', async () => {
    const test = await startApp({}, stores);
    // More than the sockets hold.
    await test.app.get(PrismaService).$executeRaw`
      INSERT INTO audit.entries (id, time, action, outcome, actor_type, target_type, user_agent, reason)
      SELECT (left(audit.first_id(date_trunc('month', now())::date)::text, 13) || '-7000-8000-' ||
          lpad(i::text, 12, '0'))::uuid,
        now(), 'user.updated', 'success', 'system', 'user', repeat('a', 512), repeat('r', 500)
      FROM generate_series(1, ${EXPORTED_ENTRIES}::integer) i`;
    const { token } = await test.admin();
    await test.close();
    const { child, port } = await start(process.execPath, [resolve('dist/main.js')], {}, 'ignore');
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      `GET /api/v1/audit-logs/export?action=user.updated HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 200 /);
    socket.pause();
    await sleep(500);
    expect(await stop(child)).toBe(0);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.resume();
    await once(socket, 'close');
    expect(received).toBeLessThan(EXPORTED_ENTRIES * 1_000);
  });
});
