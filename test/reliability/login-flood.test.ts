import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { statusCounts } from '../support/answers.js';
import { register, SECRETS } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

const LOGINS = 200;
/** Clients that each register one account after another. */
const REGISTERING = 12;

describe(`Logins (${LOGINS} at once, or one by one)`, () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it('are each answered 200, or 503 with Retry-After, while logged-in users are served', async () => {
    // One hash at a time on any machine: with more cores, all might be done before the queue is full.
    const slowHashes = {
      ARGON2_MEMORY_KIB: '19456',
      // Several times slower than logins arrive, even where the database is slow.
      ARGON2_TIME_COST: '8',
      UV_THREADPOOL_SIZE: '2',
      HASH_QUEUE_MAX: '20',
    };
    const { api } = await spawnApp({ ...stores.env, ...SECRETS, ...slowHashes, LOG_LEVEL: 'error' });
    const accounts = await inParallel(10, async () => {
      const account = newAccount();
      return { account, session: await register(api, account) };
    });
    const accountAt = (index: number) => accounts[index % accounts.length];
    const flood = inParallel(LOGINS, (index) => {
      const { email, password } = accountAt(index)?.account ?? newAccount();
      return api.post('/auth/login', { email, password });
    });
    const reads = inParallel(LOGINS / 10, (index) => api.get('/users/me', { token: accountAt(index)?.session.token }));
    const answers = await flood;
    const counts = statusCounts(answers);
    expect(Object.keys(counts)).toEqual(['200', '503']);
    for (const { status, headers, body } of answers) {
      if (status !== 503) continue;
      expect(body.error.code).toBe('SERVICE_UNAVAILABLE');
      expect(headers.get('retry-after')).toBe('1');
    }
    expect(statusCounts(await reads)).toEqual({ 200: LOGINS / 10 });
    // Afterwards a login succeeds again.
    const { email, password } = accountAt(0)?.account ?? newAccount();
    expect((await api.post('/auth/login', { email, password })).status).toBe(200);
  });

  it('succeed within five seconds each while other clients register all the time', async () => {
    const { api } = await spawnApp({ ...stores.env, ...SECRETS, UV_THREADPOOL_SIZE: '2', ARGON2_MEMORY_KIB: '19456' });
    const account = newAccount();
    await register(api, account);
    const { email, password } = account;
    const done = new AbortController();
    const others = inParallel(REGISTERING, async () => {
      while (!done.signal.aborted) await api.post('/users', newAccount());
    });
    try {
      for (let count = 0; count < 5; count += 1) {
        const begun = performance.now();
        expect((await api.post('/auth/login', { email, password })).status).toBe(200);
        expect(performance.now() - begun).toBeLessThan(5_000);
      }
    } finally {
      done.abort();
      await others;
    }
  });
});
