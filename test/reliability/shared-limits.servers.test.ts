import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer } from '../support/client.js';
import { type Instances, startInstances } from '../support/instances.js';
import { waitUntil } from '../support/wait.js';

const MAX = 60;
const AT_ONCE = 6;

/** How many requests were let in (401), and the statuses of those neither let in nor refused (429). */
interface Storm {
  readonly letIn: number;
  readonly others: number[];
}

let made = 0;
const newAddress = () => `10.3.0.${++made}`;

/** Sends `count` requests to the instances in turn, `AT_ONCE` at a time. */
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

describe('The rate limit of two instances', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await startInstances({
      RATE_LIMIT_MAX_REQUESTS: String(MAX),
      TRUST_PROXY: '127.0.0.1',
    });
  });
  afterAll(() => instances.close());

  const clientAt = (address: string) => (instance: 0 | 1) =>
    instances.all[instance].api.get('/users/me', { headers: { 'x-forwarded-for': address } });

  it('counts the requests to both together', async () => {
    expect(await storm(MAX * 2, clientAt(newAddress()))).toEqual({ letIn: MAX, others: [] });
  });

  it('holds on each instance while Redis is away, and for both together when it is back', async () => {
    const send = clientAt(newAddress());
    await storm(Math.floor(MAX / 2), send);
    const [during] = await Promise.all([storm(MAX * 4, send), instances.stopRedis()]);
    const without = await storm(MAX * 2, send);
    expect([...during.others, ...without.others]).toEqual([]);
    expect(during.letIn + without.letIn).toBeGreaterThanOrEqual(MAX);
    expect(during.letIn + without.letIn).toBeLessThanOrEqual(3 * MAX);
    expect(await storm(MAX * 4, clientAt(newAddress()))).toEqual({ letIn: 2 * MAX, others: [] });

    await instances.startRedis();
    await waitUntil('both count in Redis again', async () => {
      const healths = await Promise.all(instances.all.map(({ api }) => api.get('/health')));
      return healths.every(({ body }) => body.status === 'healthy');
    });
    expect(await storm(MAX * 2, clientAt(newAddress()))).toEqual({ letIn: MAX, others: [] });
  });
});
