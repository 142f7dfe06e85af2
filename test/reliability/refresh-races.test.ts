import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEAD_TOKEN, expectFailure, statusCounts } from '../support/answers.js';
import { register } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, type Session } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { inParallel } from '../support/parallel.js';
import { waitUntil } from '../support/wait.js';

/** The number of rounds; `npm run drill -- sessions` sets a higher one. */
const ROUNDS = Number(process.env['REFRESH_ROUNDS'] ?? 8);
const TABS = 20;
const MAX_TRIES = 20;

describe('On two instances', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await startInstances();
  });
  afterAll(() => instances.close());

  const api = (index: number) => instances.all[index % 2 === 0 ? 0 : 1].api;
  const refresh = (index: number, refreshToken: string) => api(index).post('/auth/refresh', { refreshToken });
  /** Repeats what a busy machine has not decided in time, as the 503 asks. */
  const refreshUntilDecided = async (index: number, refreshToken: string): Promise<ApiAnswer> => {
    for (let tries = 1; ; tries += 1) {
      const answer = await refresh(index, refreshToken);
      if (answer.status !== 503 || tries === MAX_TRIES) return answer;
    }
  };
  const login = (): Promise<Session> => register(api(0), newAccount());

  async function refreshed(refreshToken: string): Promise<Session> {
    const { status, body } = await refresh(0, refreshToken);
    expect(status).toBe(200);
    return {
      token: body.data.accessToken,
      refreshToken: body.data.refreshToken,
      user: { id: '', email: '', username: '' },
    };
  }

  it(
    `in each of ${ROUNDS} rounds, ${TABS} parallel refreshes all get one and the same new token pair, and no session ends`,
    async () => {
      let { refreshToken: current } = await login();
      for (let round = 0; round < ROUNDS; round += 1) {
        const answers = await inParallel(TABS, (tab) => refreshUntilDecided(tab, current));
        const children = new Set(answers.map(({ body }) => body.data?.refreshToken));
        const accessTokens = new Set(answers.map(({ body }) => body.data?.accessToken));
        expect({ round, statuses: statusCounts(answers) }).toEqual({ round, statuses: { 200: TABS } });
        expect({ round, children: children.size, accessTokens: accessTokens.size }).toEqual({
          round,
          children: 1,
          accessTokens: 1,
        });
        const [token] = accessTokens;
        expect((await api(round).get('/users/me', { token })).status).toBe(200);
        [current] = children;
      }
    },
    60_000 + ROUNDS * 500,
  );

  it.each<[string, () => Promise<void>]>([
    ['nothing else happens', async () => undefined],
    ['the API restarts', () => instances.restart()],
    [
      'Redis restarts',
      async () => {
        await instances.stopRedis();
        await instances.startRedis();
      },
    ],
    [
      'Redis and the API restart',
      async () => {
        await instances.stopRedis();
        await instances.startRedis();
        await instances.restart();
      },
    ],
    ['Redis stays stopped', () => instances.stopRedis()],
  ])('reuse of R1 after R1 → R2 → R3 revokes R3 and its access token for good, when %s', async (_, upset) => {
    const bystander = await login();
    const r1 = await login();
    const r2 = await refreshed(r1.refreshToken);
    const r3 = await refreshed(r2.refreshToken);
    for (const index of [0, 1]) expect((await api(index).get('/users/me', { token: r3.token })).status).toBe(200);
    await upset();
    expectFailure(await refresh(1, r1.refreshToken), DEAD_TOKEN);
    for (const again of [async () => undefined, upset]) {
      await again();
      await waitUntil(
        'R3’s access token is refused everywhere',
        async () => {
          const answers = await inParallel(2, (index) => api(index).get('/users/me', { token: r3.token }));
          return answers.every(({ status }) => status === 401);
        },
        1_000,
      );
      for (const index of [0, 1]) {
        for (const { refreshToken } of [r1, r2, r3]) expectFailure(await refresh(index, refreshToken), DEAD_TOKEN);
        for (const { token } of [r1, r2, r3]) expectFailure(await api(index).get('/users/me', { token }), DEAD_TOKEN);
        expect((await api(index).get('/users/me', { token: bystander.token })).status).toBe(200);
      }
    }
    await refreshed(bystander.refreshToken);
    await instances.startRedis();
  });
});
