import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DEAD_TOKEN, expectFailure } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { onDatabase } from '../support/databases.js';
import { newAccount, type Session } from '../support/factories.js';
import { createStores, type Stores } from '../support/stores.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { decodeToken } from '../support/tokens.js';
import { waitUntil } from '../support/wait.js';

/** `npm run drill -- sessions` runs more rounds. */
const ROUNDS = Number(process.env['OUTAGE_ROUNDS'] ?? 10);
/** The name under which each connection prepares `COMMIT`; later calls do not send its text. */
const COMMIT = createHash('sha1').update('COMMIT').digest('base64url');
/** A little longer than any token exchange (ms): the outages begin at moments within it. */
const EXCHANGE_MS = 8;

function expectUnavailable(answer: ApiAnswer): void {
  expectFailure(answer, { status: 503, code: 'SERVICE_UNAVAILABLE' });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('During a PostgreSQL outage', () => {
  let stores: Stores;
  let proxy: TcpProxy;
  let test: TestApp;
  let ada: Session;
  beforeAll(async () => {
    stores = await createStores();
    proxy = await TcpProxy.to(stores.env['DATABASE_URL'] ?? '');
    // Without a grace period, the session survives only because the server notices the outage.
    test = await startApp({ DATABASE_URL: proxy.url, JWT_REFRESH_GRACE_MS: '0' }, stores);
  });
  beforeEach(async () => {
    ada = await register(test.api, newAccount());
  });
  afterEach(() => comeBack());
  afterAll(async () => {
    await test.close();
    await proxy.cut();
    await stores.remove();
  });

  const refresh = (refreshToken: string) => test.api.post('/auth/refresh', { refreshToken });

  /** Reads from the database directly, not through the proxy. */
  async function hasEnded(token: string): Promise<boolean> {
    const query = 'SELECT 1 FROM sessions WHERE id = $1 AND ended_at IS NOT NULL';
    const { rowCount } = await onDatabase(stores, (client) => client.query(query, [decodeToken(token).claims['sid']]));
    return rowCount === 1;
  }

  /** Ends the outage, and waits until the application has noticed. */
  async function comeBack(): Promise<void> {
    await proxy.cut();
    await proxy.restore();
    await waitUntil('it works again', async () => (await test.api.get('/health/ready')).status === 200);
  }

  it.each<[string, () => void | Promise<void>]>([
    ['refuses connections', () => proxy.cut()],
    ['does not answer', () => proxy.stall()],
    ['commits, but its answers are lost', () => proxy.mute()],
  ])('a refresh gets 503 within a second and succeeds afterwards, when PostgreSQL %s', async (_, strike) => {
    await strike();
    const begun = performance.now();
    expectUnavailable(await refresh(ada.refreshToken));
    expect(performance.now() - begun).toBeLessThan(1_000);
    await comeBack();
    const answer = await refresh(ada.refreshToken);
    expect(answer.status).toBe(200);
    expect((await refresh(answer.body.data.refreshToken)).status).toBe(200);
  });

  it('a refresh token whose replacement was used stays refused afterwards', async () => {
    const child = await refresh(ada.refreshToken);
    expect(child.status).toBe(200);
    expect((await test.api.get('/users/me', { token: child.body.data.accessToken })).status).toBe(200);
    proxy.stall();
    expectUnavailable(await refresh(ada.refreshToken));
    await comeBack();
    expectFailure(await refresh(ada.refreshToken), DEAD_TOKEN);
    expectFailure(await refresh(child.body.data.refreshToken), DEAD_TOKEN);
  });

  it('a logout that was committed, but whose confirmation was lost, takes effect at once', async () => {
    const { token } = ada;
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
    const muted = proxy.muteAfter(COMMIT);
    const leaving = test.api.post('/auth/logout', undefined, { token });
    await muted;
    await waitUntil('it is committed', () => hasEnded(token));
    await comeBack();
    expectUnavailable(await leaving);
    expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
  });

  it(
    'a refresh that is interrupted at any moment leaves its token usable',
    async () => {
      let current = ada.refreshToken;
      const seen = { 200: 0, 503: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const answering = refresh(current);
        await new Promise((resolve) => setTimeout(resolve, (round * EXCHANGE_MS) / ROUNDS));
        await (round % 2 === 0 ? proxy.cut() : proxy.mute());
        let answer = await answering;
        await comeBack();
        if (answer.status === 503) {
          seen[503] += 1;
          answer = await refresh(current);
        } else seen[200] += 1;
        expect({ round, status: answer.status }).toEqual({ round, status: 200 });
        current = answer.body.data.refreshToken;
      }
      expect(seen[503]).toBeGreaterThan(0);
    },
    60_000 + ROUNDS * 3_000,
  );

  it('a logout that cannot be stored is not acknowledged, and the session stays active', async () => {
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(200);
    await proxy.cut();
    expectUnavailable(await test.api.post('/auth/logout', undefined, { token: ada.token }));
    await comeBack();
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(200);
    expect((await test.api.post('/auth/logout', undefined, { token: ada.token })).status).toBe(204);
    expectFailure(await test.api.get('/users/me', { token: ada.token }), DEAD_TOKEN);
    expectFailure(await refresh(ada.refreshToken), DEAD_TOKEN);
  });
});
