import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { statusCounts } from '../support/answers.js';
import { SECRETS } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, OTHER_PASSWORD } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Guesses in each case; the variable GUESSES sets another number. */
const GUESSES = Number(process.env['GUESSES'] ?? 110);
/** The limits for one account from one address, and for one account from all addresses. */
const [PAIR_MAX, NAME_MAX] = [5, 100];
const AT_ONCE = 8;

let networks = 0;

/** Sends `count` guesses of one account's password. A request without an answer gives `undefined`. */
async function guess(count: number, send: (n: number) => Promise<ApiAnswer>): Promise<(ApiAnswer | undefined)[]> {
  const answers: (ApiAnswer | undefined)[] = [];
  let next = 0;
  await inParallel(AT_ONCE, async () => {
    while (next < count) answers.push(await send(next++).catch(() => undefined));
  });
  return answers;
}

describe(`Two instances that get ${GUESSES} guesses`, () => {
  let stores: Stores;
  let redis: TcpProxy;
  let instances: SpawnedApp[] = [];

  const start = async () => {
    const env = { ...stores.env, ...SECRETS, REDIS_URL: redis.url, TRUST_PROXY: '127.0.0.1', LOG_LEVEL: 'error' };
    const limits = { AUTH_RATE_LIMIT_MAX: String(PAIR_MAX), AUTH_RATE_LIMIT_ACCOUNT_MAX: String(NAME_MAX) };
    instances = await inParallel(2, () => spawnApp({ ...env, ...limits }));
  };

  beforeAll(async () => {
    stores = await createStores();
    redis = await TcpProxy.to(stores.env['REDIS_URL'] ?? '');
    await start();
  });
  afterEach(async () => {
    await redis.restore();
    if (!instances.every(({ program }) => program.running)) await start();
  });
  afterAll(async () => {
    await killPrograms();
    await redis.cut();
    await stores.remove();
  });

  const upsets: [string, () => Promise<unknown>][] = [
    ['while nothing else happens', async () => undefined],
    ['while Redis stops', () => redis.cut()],
    ['while Redis is emptied', () => stores.flushCache()],
    [
      'while both instances are killed and started again',
      async () => {
        await Promise.all(instances.map((instance) => instance.stop('SIGKILL')));
        await start();
      },
    ],
  ];
  const sources: [string, number, (n: number, network: number) => string][] = [
    ['one address', PAIR_MAX, (_, network) => `10.77.${network}.1`],
    ['a new address each', NAME_MAX, (n, network) => `10.${network + 100}.${Math.floor(n / 250)}.${(n % 250) + 1}`],
  ];
  const cases = upsets.flatMap(([name, upset]) => sources.map((source) => [source[0], name, source, upset] as const));

  it.each(cases)(
    'check guesses at one account from %s up to the limit and refuse the rest, %s',
    async (_source, _name, [, most, addressOf], upset) => {
      networks += 1;
      const network = networks;
      const { email } = newAccount();
      const send = async (n: number) => {
        const instance = instances[n % 2];
        if (instance === undefined) throw new Error('There is no such instance');
        const headers = { 'x-forwarded-for': addressOf(n, network) };
        return instance.api.post('/auth/login', { email, password: OTHER_PASSWORD }, { headers });
      };
      const before = await guess(Math.floor(most / 2), send);
      // The disturbance comes while some guesses are being checked.
      const [during] = await Promise.all([guess(AT_ONCE, (n) => send(n + 500)), upset()]);
      const after = await guess(GUESSES, (n) => send(n + 1_000));
      const answers = [...before, ...during, ...after];
      const unanswered = answers.filter((answer) => answer === undefined).length;
      const { 401: checked = 0, ...others } = statusCounts(answers.filter((answer) => answer !== undefined));
      expect(checked).toBeLessThanOrEqual(most);
      expect(checked + unanswered).toBeGreaterThanOrEqual(most);
      expect(Object.keys(others)).toEqual(['429']);
    },
    60_000 + GUESSES * 200,
  );
});
