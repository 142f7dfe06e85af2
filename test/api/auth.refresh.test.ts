import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DEAD_TOKEN, expectFailure, statusCounts } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { decodeToken } from '../support/tokens.js';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

let test: TestApp;
let ada: Session;

function refresh(refreshToken: string): Promise<ApiAnswer> {
  return test.api.post('/auth/refresh', { refreshToken });
}

async function refreshed(refreshToken: string): Promise<Tokens> {
  const { status, body } = await refresh(refreshToken);
  expect(status).toBe(200);
  return body.data;
}

async function expectSessionDead({ accessToken, refreshToken }: Tokens): Promise<void> {
  for (const token of [accessToken, ada.token]) expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
  expectFailure(await refresh(refreshToken), DEAD_TOKEN);
}

describe('POST /auth/refresh', () => {
  beforeAll(async () => {
    test = await startApp();
  });
  beforeEach(async () => {
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  it('returns a new pair of tokens for the same session, and nothing else', async () => {
    const { status, headers, body } = await refresh(ada.refreshToken);
    const tokens = { accessToken: expect.any(String), refreshToken: expect.any(String) };
    const lifetimes = { expiresIn: 3_600, refreshExpiresIn: 604_800 };
    const sessionId = decodeToken(ada.refreshToken).claims['sid'];
    const data = { ...tokens, tokenType: 'Bearer', ...lifetimes, sessionId };
    expect({ status, body }).toEqual({ status: 200, body: { success: true, data } });
    expect(headers.get('cache-control')).toBe('no-store');
    const before = decodeToken(ada.refreshToken);
    const after = decodeToken(body.data.refreshToken);
    expect(after.header).toEqual(before.header);
    expect(after.claims).toMatchObject({ sub: ada.user.id, sid: before.claims['sid'] });
    expect(after.claims['jti']).not.toBe(before.claims['jti']);
    expect(decodeToken(body.data.accessToken).claims['jti']).not.toBe(decodeToken(ada.token).claims['jti']);
  });

  it('keeps earlier access tokens of the same session valid', async () => {
    const { accessToken } = await refreshed(ada.refreshToken);
    for (const token of [ada.token, accessToken]) {
      expect((await test.api.get('/users/me', { token })).status).toBe(200);
    }
  });

  it('accepts each new refresh token in turn', async () => {
    const seen = new Set([ada.refreshToken]);
    let current = ada.refreshToken;
    for (let generation = 1; generation <= 5; generation += 1) {
      current = (await refreshed(current)).refreshToken;
      seen.add(current);
    }
    expect(seen.size).toBe(6);
  });

  it('returns the same child token and claims when its parent is used again within the grace period', async () => {
    const child = await refreshed(ada.refreshToken);
    const again = await refreshed(ada.refreshToken);
    expect(again.refreshToken).toBe(child.refreshToken);
    expect(decodeToken(again.accessToken)).toEqual(decodeToken(child.accessToken));
    await refreshed(child.refreshToken);
  });

  it('ends the session when a token older than the parent is used again', async () => {
    const child = await refreshed(ada.refreshToken);
    const grandchild = await refreshed(child.refreshToken);
    const answer = await refresh(ada.refreshToken);
    expectFailure(answer, DEAD_TOKEN);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    await expectSessionDead(grandchild);
    expectFailure(await refresh(child.refreshToken), DEAD_TOKEN);
  });

  it('ends no other session of the user when a token is reused', async () => {
    const other = await test.admin();
    const third = await test.admin();
    const child = await refreshed(other.refreshToken);
    await refreshed(child.refreshToken);
    expectFailure(await refresh(other.refreshToken), DEAD_TOKEN);
    expect((await test.api.get('/users/me', { token: third.token })).status).toBe(200);
    await refreshed(third.refreshToken);
  });

  it('gives all of 50 parallel refreshes of one token the same usable child token', async () => {
    const answers = await inParallel(50, () => refresh(ada.refreshToken));
    expect(statusCounts(answers)).toEqual({ 200: 50 });
    const children = new Set(answers.map(({ body }) => body.data.refreshToken));
    const accessTokens = new Set(answers.map(({ body }) => body.data.accessToken));
    expect({ children: children.size, accessTokens: accessTokens.size }).toEqual({ children: 1, accessTokens: 1 });
    for (const child of children) await refreshed(child);
  });

  it('refuses every parallel refresh of a session that has ended', async () => {
    await test.api.post('/auth/logout', undefined, { token: ada.token });
    const answers = await inParallel(10, () => refresh(ada.refreshToken));
    expect(statusCounts(answers)).toEqual({ 401: 10 });
  });
});

describe('POST /auth/refresh without a grace period and without retries', () => {
  beforeAll(async () => {
    test = await startApp({ JWT_REFRESH_GRACE_MS: '0', JWT_REFRESH_RETRY_MS: '0' });
  });
  beforeEach(async () => {
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  it('ends the session when the parent token is used again', async () => {
    const child = await refreshed(ada.refreshToken);
    expect((await test.api.get('/users/me', { token: child.accessToken })).status).toBe(200);
    expectFailure(await refresh(ada.refreshToken), DEAD_TOKEN);
    await expectSessionDead(child);
  });

  it('accepts one of 20 parallel refreshes, and ends the session', async () => {
    const answers = await inParallel(20, () => refresh(ada.refreshToken));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 19 });
    const winner = answers.find(({ status }) => status === 200);
    await expectSessionDead(winner?.body.data);
  });
});

describe('POST /auth/refresh near the end of a session', () => {
  beforeAll(async () => {
    test = await startApp({ SESSION_MAX_AGE: '2s', JWT_EXPIRES_IN: '1h', JWT_REFRESH_EXPIRES_IN: '7d' });
  });
  afterAll(() => test.close());

  it('issues no token that outlives the session', async () => {
    ada = await register(test.api, newAccount());
    const end = decodeToken(ada.refreshToken).claims['exp'];
    const child = await refreshed(ada.refreshToken);
    for (const token of [ada.token, child.accessToken, child.refreshToken]) {
      expect(decodeToken(token).claims['exp']).toBe(end);
    }
    await new Promise((resolve) => setTimeout(resolve, Number(end) * 1_000 - Date.now() + 100));
    const expired = { ...DEAD_TOKEN, message: 'Token expired', reason: 'token_expired' as const };
    expectFailure(await test.api.get('/users/me', { token: child.accessToken }), expired);
    expectFailure(await refresh(child.refreshToken), expired);
  });
});
