import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { statusCounts } from '../support/answers.js';
import { register, SECRETS } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

const LOGINS = 200;
/** Who registers one account after the other. */
const REGISTERING = 12;

/** Which threads of a program leave a core that they all want to others, and to this process. */
function whoGivesWay(pid: number): string {
  if (process.platform !== 'linux') return 'nobody';
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  const [loop, ...others] = [pid, ...threads.filter((thread) => thread !== pid)].map((thread) => getPriority(thread));
  const own = getPriority();
  return loop === own && others.every((priority) => priority > own) ? 'all but the event loop' : 'other threads';
}

describe(`${LOGINS} logins at once`, () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it('are let in, or told when to come again, and nothing else; who is logged in notices nothing', async () => {
    // One hash at a time, on however many cores: more might be done with all of them before the queue is full.
    const dear = { ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2', UV_THREADPOOL_SIZE: '2' };
    const { api, program } = await spawnApp({ ...stores.env, ...SECRETS, ...dear, LOG_LEVEL: 'error' });
    const accounts = await inParallel(10, async () => {
      const account = newAccount();
      return { account, session: await register(api, account) };
    });
    const someone = (index: number) => accounts[index % accounts.length];
    const flood = inParallel(LOGINS, (index) => {
      const { email, password } = someone(index)?.account ?? newAccount();
      return api.post('/auth/login', { email, password });
    });
    const reads = inParallel(LOGINS / 10, (index) => api.get('/users/me', { token: someone(index)?.session.token }));
    const answers = await flood;
    const counts = statusCounts(answers);
    expect(Object.keys(counts)).toEqual(['200', '503']);
    for (const { status, headers, body } of answers) {
      if (status !== 503) continue;
      expect(body.error.code).toBe('SERVICE_UNAVAILABLE');
      expect(headers.get('retry-after')).toBe('1');
    }
    expect(statusCounts(await reads)).toEqual({ 200: LOGINS / 10 });
    expect(whoGivesWay(program.pid)).toEqual(process.platform === 'linux' ? 'all but the event loop' : 'nobody');
    // It is over with them.
    const { email, password } = someone(0)?.account ?? newAccount();
    expect((await api.post('/auth/login', { email, password })).status).toBe(200);
  });

  it('are not kept out by others who have passwords hashed all the time', async () => {
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
