import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { DEAD_TOKEN, expectFailure } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { auditLogs } from '../support/audit.js';
import type { ApiClient } from '../support/client.js';
import { newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { decodeToken } from '../support/tokens.js';

const HOUR_MS = 3_600_000;

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
  readonly refreshExpiresIn: number;
  readonly sessionId: string;
}

const refresh = (api: ApiClient, refreshToken: string) => api.post('/auth/refresh', { refreshToken });

async function refreshed(api: ApiClient, refreshToken: string): Promise<Tokens> {
  const { status, body } = await refresh(api, refreshToken);
  expect(status).toBe(200);
  return body.data;
}

describe('A refresh token that is used again after the grace period', () => {
  let test: TestApp;
  let api: ApiClient;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp({ JWT_REFRESH_GRACE_MS: '0' });
    ({ api } = test);
  });
  beforeEach(async () => {
    ada = await register(api, newAccount());
  });
  afterAll(() => test.close());

  /** Moves the time of the latest refresh into the past. */
  async function age(ms: number): Promise<void> {
    const tokenIssuedAt = new Date(Date.now() - ms);
    await test.app.get(PrismaService).session.updateMany({ where: { userId: ada.user.id }, data: { tokenIssuedAt } });
  }

  async function expectStolen(child: Tokens): Promise<void> {
    expectFailure(await refresh(api, ada.refreshToken), DEAD_TOKEN);
    for (const token of [child.accessToken, ada.token])
      expectFailure(await api.get('/users/me', { token }), DEAD_TOKEN);
    expectFailure(await refresh(api, child.refreshToken), DEAD_TOKEN);
    const entries = await auditLogs(test, { targetId: ada.user.id, action: 'session.reuse_detected' });
    expect(entries).toHaveLength(1);
  }

  it('returns the same pair while its answer may have been lost, any number of times', async () => {
    const child = await refreshed(api, ada.refreshToken);
    for (let repeat = 0; repeat < 3; repeat += 1) {
      const pair = await refreshed(api, ada.refreshToken);
      expect(pair.refreshToken).toBe(child.refreshToken);
      expect(decodeToken(pair.accessToken)).toEqual(decodeToken(child.accessToken));
    }
    const grandchild = await refreshed(api, child.refreshToken);
    expect((await api.get('/users/me', { token: grandchild.accessToken })).status).toBe(200);
  });

  it('returns the same pair also after later pairs, and after the session was used with older access tokens', async () => {
    const child = await refreshed(api, ada.refreshToken);
    expect((await api.get('/users/me', { token: child.accessToken })).status).toBe(200);
    const grandchild = await refreshed(api, child.refreshToken);
    for (const token of [ada.token, child.accessToken])
      expect((await api.get('/users/me', { token })).status).toBe(200);
    expect((await refreshed(api, child.refreshToken)).refreshToken).toBe(grandchild.refreshToken);
  });

  it.each<[string, (child: Tokens) => Promise<unknown>]>([
    ['read', ({ accessToken: token }) => api.get('/users/me', { token })],
    ['asked with HEAD', ({ accessToken: token }) => api.send('HEAD', '/users/me/sessions', { token })],
    ['been forbidden something', ({ accessToken: token }) => api.get('/users', { token })],
    ['sent an invalid change', ({ accessToken: token }) => api.patch('/users/me', { role: 'admin' }, { token })],
    [
      'been told that a session does not exist',
      ({ accessToken: token }) => api.delete(`/users/me/sessions/${ada.user.id}`, { token }),
    ],
    [
      'sent a wrong current password',
      ({ accessToken: token }) =>
        api.put('/users/me/password', { currentPassword: OTHER_PASSWORD, newPassword: `${PASSWORD}2` }, { token }),
    ],
    ['refreshed', ({ refreshToken }) => refresh(api, refreshToken)],
  ])('ends the session once the new pair has %s', async (_, use) => {
    const child = await refreshed(api, ada.refreshToken);
    await use(child);
    await expectStolen(child);
  });

  it.each<[string, (child: Tokens) => Promise<unknown>]>([
    ['on a public route', ({ accessToken: token }) => api.get('//health', { token })],
    ['on an unknown route', ({ accessToken: token }) => api.get('/nothing', { token })],
    ['with a wrong method', ({ accessToken: token }) => api.send('PUT', '/users/me', { token, body: {} })],
    [
      'with a broken signature',
      ({ accessToken }) => api.get('/users/me', { token: `${accessToken.slice(0, -4)}AAAA` }),
    ],
  ])('returns the same pair after its access token was sent %s', async (_, send) => {
    const child = await refreshed(api, ada.refreshToken);
    await send(child);
    expect((await refreshed(api, ada.refreshToken)).refreshToken).toBe(child.refreshToken);
  });

  it('returns a fresh access token when the first one has expired; using the fresh one uses the pair', async () => {
    const child = await refreshed(api, ada.refreshToken);
    await age(23 * HOUR_MS);
    const again = await refreshed(api, ada.refreshToken);
    expect(decodeToken(again.refreshToken).claims['jti']).toBe(decodeToken(child.refreshToken).claims['jti']);
    expect(again.expiresIn).toBe(3_600);
    expect((await api.get('/users/me', { token: again.accessToken })).status).toBe(200);
    expectFailure(await refresh(api, ada.refreshToken), DEAD_TOKEN);
    expectFailure(await api.get('/users/me', { token: again.accessToken }), DEAD_TOKEN);
  });

  it('ends the session after JWT_REFRESH_RETRY_MS, a day', async () => {
    const child = await refreshed(api, ada.refreshToken);
    await age(24 * HOUR_MS + 1_000);
    await expectStolen(child);
  });

  it('says with each pair how long the refresh token lives, and which session it is', async () => {
    const { email, password } = newAccount();
    await api.post('/users', { email, username: `u${Date.now()}`, password });
    const { body } = await api.post('/auth/login', { email, password });
    const { sessions } = (await api.get('/users/me/sessions', { token: body.data.accessToken })).body.data;
    expect(body.data).toMatchObject({ refreshExpiresIn: 604_800, sessionId: sessions[0].id });
    const child = await refreshed(api, body.data.refreshToken);
    expect(child).toMatchObject({ refreshExpiresIn: 604_800, sessionId: sessions[0].id });
    await sleep(1_100);
    const again = await refreshed(api, body.data.refreshToken);
    const left = Number(decodeToken(again.refreshToken).claims['exp']) - Date.now() / 1_000;
    expect(Math.abs(again.refreshExpiresIn - left)).toBeLessThan(3);
  });
});

describe.each([
  ['with a cache', false],
  ['without one', true],
])('The use of a new pair on one instance %s', (_, withoutRedis) => {
  let instances: Instances;
  let ada: Session;
  beforeAll(async () => {
    instances = await startInstances({ JWT_REFRESH_GRACE_MS: '0' });
    if (withoutRedis) await instances.stopRedis();
  });
  beforeEach(async () => {
    ada = await register(instances.all[0].api, newAccount());
  });
  afterAll(() => instances.close());

  it('is known to the other one, whatever their caches hold', async () => {
    const [here, there] = instances.all.map(({ api }) => api) as [ApiClient, ApiClient];
    // Both have cached that the login's pair needs no note.
    for (const api of [here, there]) expect((await api.get('/users/me', { token: ada.token })).status).toBe(200);
    const child = await refreshed(here, ada.refreshToken);
    // And one of them that the child is still unused.
    expect((await here.get('/users/me', { token: ada.token })).status).toBe(200);
    expect((await there.get('/users/me', { token: child.accessToken })).status).toBe(200);
    expectFailure(await refresh(here, ada.refreshToken), DEAD_TOKEN);
  });

  it('is known although its cache still held the pair before', async () => {
    const [here, there] = instances.all.map(({ api }) => api) as [ApiClient, ApiClient];
    const child = await refreshed(here, ada.refreshToken);
    expect((await there.get('/users/me', { token: child.accessToken })).status).toBe(200);
    expect((await there.get('/users/me', { token: child.accessToken })).status).toBe(200);
    const grandchild = await refreshed(here, child.refreshToken);
    expect((await refreshed(there, child.refreshToken)).refreshToken).toBe(grandchild.refreshToken);
    expect((await there.get('/users/me', { token: grandchild.accessToken })).status).toBe(200);
    expectFailure(await refresh(there, child.refreshToken), DEAD_TOKEN);
  });

  it('is not taken from a request that was answered before the refresh', async () => {
    const [here, there] = instances.all.map(({ api }) => api) as [ApiClient, ApiClient];
    const child = await refreshed(here, ada.refreshToken);
    for (const api of [there, here]) expect((await api.get('/users/me', { token: ada.token })).status).toBe(200);
    expect((await refreshed(there, ada.refreshToken)).refreshToken).toBe(child.refreshToken);
  });
});
