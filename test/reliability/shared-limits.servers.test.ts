import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, OTHER_PASSWORD } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { waitUntil } from '../support/wait.js';

const MAX = 60;
const PAIR_MAX = 6;
const AT_ONCE = 6;

/** How many of a storm were let in, and whether one was answered otherwise than let in or refused. */
interface Storm {
  readonly letIn: number;
  readonly others: number[];
}

let made = 0;
const newAddress = () => `10.3.0.${++made}`;

/** Sends so many, to the instances in turns, some at once. */
const storm = async (count: number, send: (instance: 0 | 1) => Promise<ApiAnswer>): Promise<Storm> => {
  const statuses: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) statuses.push((await send((next++ % 2) as 0 | 1)).status);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return {
    letIn: statuses.filter((status) => status === 401).length,
    others: statuses.filter((status) => status !== 401 && status !== 429),
  };
};

describe('Limits of two instances', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await startInstances({
      RATE_LIMIT_MAX_REQUESTS: String(MAX),
      AUTH_RATE_LIMIT_MAX: String(PAIR_MAX),
      TRUST_PROXY: '127.0.0.1',
    });
  });
  afterAll(() => instances.close());

  const kinds: [string, number, (address: string) => (instance: 0 | 1) => Promise<ApiAnswer>][] = [
    [
      'requests of an address',
      MAX,
      (address) => (instance) =>
        instances.all[instance].api.get('/users/me', { headers: { 'x-forwarded-for': address } }),
    ],
    [
      'wrong passwords for an account from an address',
      PAIR_MAX,
      (address) => {
        const { email } = newAccount();
        const login = { email, password: OTHER_PASSWORD };
        const headers = { 'x-forwarded-for': address };
        return (instance) => instances.all[instance].api.post('/auth/login', login, { headers });
      },
    ],
  ];

  it.each(kinds)('hold for both together: %s', async (_, most, clientAt) => {
    expect(await storm(most * 2, clientAt(newAddress()))).toEqual({ letIn: most, others: [] });
  });

  it.each(kinds)('hold when Redis goes in the middle and comes back empty: %s', async (_, most, clientAt) => {
    const send = clientAt(newAddress());
    const before = await storm(Math.floor(most / 2), send);
    const [during] = await Promise.all([storm(most * 2, send), instances.stopRedis()]);
    const without = await storm(most, send);
    await instances.startRedis();
    await waitUntil('both count in Redis again', async () => {
      const healths = await Promise.all(instances.all.map(({ api }) => api.get('/health')));
      return healths.every(({ body }) => body.status === 'healthy');
    });
    const after = await storm(most * 2, send);
    const all = [before, during, without, after];
    expect(all.flatMap(({ others }) => others)).toEqual([]);
    expect(all.reduce((sum, { letIn }) => sum + letIn, 0)).toBeLessThanOrEqual(most);
  });

  it('hold for who comes while Redis is away, and are no narrower for who comes when it is back', async () => {
    const [, most, clientAt] = kinds[0] ?? ['', 0, () => () => instances.all[0].api.get('/')];
    const send = clientAt(newAddress());
    await instances.stopRedis();
    const without = await storm(most * 2, send);
    expect(without.others).toEqual([]);
    expect(without.letIn).toBeLessThanOrEqual(most);
    expect(without.letIn).toBeGreaterThan(0);
    await instances.startRedis();
    await waitUntil(
      'both count in Redis again',
      async () => (await storm(most, clientAt(newAddress()))).letIn === most,
    );
  });
});
