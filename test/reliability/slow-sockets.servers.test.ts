import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

/** Sockets of each kind; `npm run drill -- hostile` opens more. */
const SOCKETS = Number(process.env['SLOW_SOCKETS'] ?? 50);
/** Milliseconds between two bytes, too slow for any kind to finish in time. */
const BYTE_MS = 1_000;
/** How late (ms) a socket may be closed: the server checks its time-outs once a second, and the machine may be busy. */
const MARGIN_MS = 5_000;
/** Milliseconds between two sockets of a kind, so that the queue of the listening socket does not overflow. */
const STAGGER_MS = 3;
const SAMPLE = 50;
const PAUSE_MS = 25;
/** The median time (ms) of an ordinary request meanwhile that is accepted on any machine. */
const BOUND_MS = 250;
/** Tolerance for the open sockets of ordinary clients and of the pools, whose number varies. */
const FEW = 10;

interface Slow {
  /** Sent at once. */
  readonly start: string;
  /** Sent repeatedly, a byte at a time. */
  readonly drip: string;
  /** The server's time-out for it, in milliseconds. */
  readonly timeoutMs: number;
}

const HEAD = 'POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

const KINDS: Readonly<Record<string, Slow>> = {
  nothing: { start: '', drip: '', timeoutMs: 10_000 },
  heads: { start: '', drip: `${HEAD}X: ${'x'.repeat(100)}`, timeoutMs: 10_000 },
  bodies: { start: `${HEAD}Content-Length: 1000\r\n\r\n`, drip: ' ', timeoutMs: 30_000 },
};

interface End {
  readonly seconds: number;
  /** The status of the answer before the close; 0 if there was none. */
  readonly status: number;
}

/** Sends until the server ends the connection. */
function sendSlowly(origin: string, { start, drip, timeoutMs }: Slow): Promise<End> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    let received = '';
    let sent = 0;
    const socket = connect(Number(port), hostname, () => socket.write(start));
    const dripping = setInterval(() => {
      if (performance.now() - begun > timeoutMs + MARGIN_MS) socket.destroy(new Error('The server did not close it'));
      else if (drip !== '') socket.write(drip.charAt(sent++ % drip.length));
    }, BYTE_MS);
    let failure: (Error & { code?: string }) | undefined;
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
    socket.on('error', (error) => (failure = error));
    socket.once('close', () => {
      clearInterval(dripping);
      // Bytes that are sent after the server has closed are answered with a reset.
      if (failure !== undefined && failure.code !== 'ECONNRESET' && failure.code !== 'EPIPE') reject(failure);
      else resolve({ seconds: (performance.now() - begun) / 1_000, status: Number(received.slice(9, 12)) });
    });
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe(`Sockets that send nothing, or a head or a body a byte at a time (${SOCKETS} of each)`, () => {
  let stores: Stores;
  let app: SpawnedApp;
  let user: Session;
  const lines: string[] = [];
  beforeAll(async () => {
    stores = await createStores();
    app = await spawnApp({ ...stores.env, ...SECRETS }, 'main.js', { measured: true });
    user = await register(app.api, newAccount());
  });
  afterAll(async () => {
    await killPrograms();
    await stores.remove();
    process.stderr.write(`${lines.join('\n')}\n`);
  });

  /** Sends one client's requests while `go` returns true. @returns how long each took, in milliseconds */
  async function timeRequests(go: (count: number) => boolean): Promise<number[]> {
    const times: number[] = [];
    while (go(times.length)) {
      const begun = performance.now();
      const { status } = await app.api.get('/users/me', { token: user.token });
      expect(status).toBe(200);
      times.push(performance.now() - begun);
      await sleep(PAUSE_MS);
    }
    return times;
  }

  it('are closed in time, and do not delay other requests', async () => {
    const before = await timeRequests((count) => count < SAMPLE);
    const idle = await app.program.measure();

    let open = true;
    const ending = Object.entries(KINDS).map(async ([name, kind]): Promise<[string, End[]]> => [
      name,
      await inParallel(SOCKETS, async (index) => {
        await sleep(index * STAGGER_MS);
        return sendSlowly(app.api.origin, kind);
      }),
    ]);
    const ended = Promise.all(ending).finally(() => (open = false));
    const [meanwhile, ends] = await Promise.all([timeRequests(() => open), ended]);

    for (const [name, kind] of ends) {
      const seconds = kind.map((end) => end.seconds);
      const statuses = [...new Set(kind.map(({ status }) => status))];
      const range = `${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s`;
      lines.push(`${SOCKETS} sockets, ${name}: closed after ${range}, with ${statuses.join(', ')}`);
      expect(statuses.filter((status) => status !== 0 && status !== 408)).toEqual([]);
      // None was closed early, so all were open at the same time.
      expect(Math.min(...seconds) * 1_000).toBeGreaterThan(KINDS[name]?.timeoutMs ?? Infinity);
    }
    lines.push(
      `Ordinary requests: median ${median(before).toFixed(1)} ms before, ${median(meanwhile).toFixed(1)} ms meanwhile, ` +
        `slowest of ${meanwhile.length} ${Math.max(...meanwhile).toFixed(0)} ms`,
    );
    expect(median(meanwhile)).toBeLessThan(Math.max(BOUND_MS, 10 * median(before)));
    await expectRecovery(idle.sockets);
    expect(app.logged().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(app.program.stderr).not.toMatch(/leak|unhandled/i);
  }, 120_000);

  async function expectRecovery(idle: number): Promise<void> {
    await waitUntil('the slow sockets are gone', async () => (await app.program.measure()).sockets <= idle + FEW);
    expect(await timeRequests((count) => count < SAMPLE)).toHaveLength(SAMPLE);
  }
});
