import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DEAD_TOKEN, expectFailure, expectInvalid, FORBIDDEN, NO_USER } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, type Session } from '../support/factories.js';
import { decodeToken } from '../support/tokens.js';

const NO_SESSION = { status: 404, code: 'RESOURCE_NOT_FOUND', message: 'Session not found' };
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let test: TestApp;
let admin: Session;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  account = newAccount();
  ada = await register(test.api, account);
});
afterAll(() => test.close());

const sessionOf = ({ token }: Session) => String(decodeToken(token).claims['sid']);
const alive = async ({ token }: Session) => (await test.api.get('/users/me', { token })).status === 200;

async function idsOf(path: string, token: string): Promise<string[]> {
  const { status, body } = await test.api.get(path, { token });
  expect(status).toBe(200);
  return body.data.sessions.map(({ id }: { id: string }) => id);
}

async function expectDead({ token, refreshToken }: Session): Promise<void> {
  expectFailure(await test.api.get('/users/me', { token }), DEAD_TOKEN);
  expectFailure(await test.api.post('/auth/refresh', { refreshToken }), DEAD_TOKEN);
}

describe('GET /users/:id/sessions', () => {
  it('lists the active sessions, newest first, and marks the current one', async () => {
    const headers = { 'user-agent': 'Phone/1.0' };
    const { email, password } = account;
    const { body } = await test.api.post('/auth/login', { email, password }, { headers });
    const phone = String(decodeToken(body.data.accessToken).claims['sid']);
    const answer = await test.api.get(`/users/${ada.user.id}/sessions`, { token: ada.token });
    const expiresAt = new Date(Number(decodeToken(body.data.refreshToken).claims['exp']) * 1_000);
    expect(answer.body).toEqual({
      success: true,
      data: {
        sessions: [
          {
            id: phone,
            ip: '127.0.0.1',
            userAgent: 'Phone/1.0',
            createdAt: TIME,
            lastUsedAt: TIME,
            expiresAt: TIME,
            current: false,
          },
          expect.objectContaining({ id: sessionOf(ada), current: true }),
        ],
        pagination: { perPage: 20, hasNext: false, hasPrevious: false, nextCursor: null, previousCursor: null },
      },
    });
    const [first] = answer.body.data.sessions;
    expect(Math.floor(Date.parse(first.expiresAt) / 1_000)).toBe(expiresAt.getTime() / 1_000);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('moves lastUsedAt and expiresAt at a refresh, and leaves the rest unchanged', async () => {
    const read = async () => (await test.api.get('/users/me/sessions', { token: ada.token })).body.data.sessions[0];
    const before = await read();
    await test.api.post('/auth/refresh', { refreshToken: ada.refreshToken });
    const after = await read();
    expect(after).toEqual({ ...before, lastUsedAt: TIME, expiresAt: TIME });
    expect(Date.parse(after.lastUsedAt)).toBeGreaterThan(Date.parse(before.lastUsedAt));
    expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.parse(before.expiresAt));
  });

  it('leaves out sessions that have ended', async () => {
    const other = await login(test.api, account);
    await test.api.post('/auth/logout', undefined, { token: other.token });
    expect(await idsOf('/users/me/sessions', ada.token)).toEqual([sessionOf(ada)]);
  });

  it('returns pages, forwards and backwards', async () => {
    const newest = [ada];
    for (let count = 0; count < 4; count += 1) newest.unshift(await login(test.api, account));
    const ids = newest.map(sessionOf);
    const seen: string[][] = [];
    let path = '/users/me/sessions?limit=2';
    let last = await test.api.get(path, { token: ada.token });
    for (;;) {
      seen.push(last.body.data.sessions.map(({ id }: { id: string }) => id));
      const { hasNext, nextCursor } = last.body.data.pagination;
      if (!hasNext) break;
      path = `/users/me/sessions?limit=2&cursor=${nextCursor}`;
      last = await test.api.get(path, { token: ada.token });
    }
    expect(seen).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    const { previousCursor } = last.body.data.pagination;
    const back = await test.api.get(`/users/me/sessions?limit=2&cursor=${previousCursor}`, { token: ada.token });
    expect(back.body.data.sessions.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2, 4));
    expect(back.body.data.pagination).toMatchObject({ hasNext: true, hasPrevious: true });
  });

  it('refuses a cursor of another user, a made-up cursor, a page number and a limit out of range', async () => {
    const other = await register(test.api, newAccount());
    await login(test.api, account);
    const { body } = await test.api.get('/users/me/sessions?limit=1', { token: ada.token });
    const { nextCursor } = body.data.pagination;
    expectInvalid(await test.api.get(`/users/me/sessions?cursor=${nextCursor}`, { token: other.token }), 'cursor');
    expectInvalid(await test.api.get('/users/me/sessions?cursor=x', { token: ada.token }), 'cursor');
    expectInvalid(await test.api.get('/users/me/sessions?page=1', { token: ada.token }), 'page');
    for (const limit of ['0', '101', '-1', 'x']) {
      expectInvalid(await test.api.get(`/users/me/sessions?limit=${limit}`, { token: ada.token }), 'limit');
    }
  });

  it('is for the user and for holders of sessions:manage', async () => {
    const other = await register(test.api, newAccount());
    const path = `/users/${ada.user.id}/sessions`;
    expectFailure(await test.api.get(path), { status: 401, code: 'UNAUTHORIZED', message: 'No token provided' });
    expectFailure(await test.api.get(path, { token: other.token }), FORBIDDEN);
    expectFailure(await test.api.get(`/users/${randomUUID()}/sessions`, { token: other.token }), FORBIDDEN);
    expect(await idsOf(path, admin.token)).toEqual([sessionOf(ada)]);
    expectFailure(await test.api.get(`/users/${randomUUID()}/sessions`, { token: admin.token }), NO_USER);
    expectInvalid(await test.api.get('/users/x/sessions', { token: admin.token }), 'id');
  });
});

describe('DELETE /users/:id/sessions/:sessionId', () => {
  it('ends that session at once, and no other', async () => {
    const other = await login(test.api, account);
    const answer = await test.api.delete(`/users/me/sessions/${sessionOf(other)}`, { token: ada.token });
    expect(answer).toMatchObject({ status: 204, text: '' });
    await expectDead(other);
    expect(await alive(ada)).toBe(true);
    expectFailure(await test.api.delete(`/users/me/sessions/${sessionOf(other)}`, { token: ada.token }), NO_SESSION);
  });

  it('ends the current session when the request names it', async () => {
    const answer = await test.api.delete(`/users/me/sessions/${sessionOf(ada).toUpperCase()}`, { token: ada.token });
    expect(answer.status).toBe(204);
    await expectDead(ada);
  });

  it('does not find a session of another user among those of the caller', async () => {
    const other = await register(test.api, newAccount());
    for (const id of [sessionOf(other), randomUUID()]) {
      expectFailure(await test.api.delete(`/users/me/sessions/${id}`, { token: ada.token }), NO_SESSION);
    }
    expectFailure(
      await test.api.delete(`/users/${other.user.id}/sessions/${sessionOf(other)}`, { token: ada.token }),
      FORBIDDEN,
    );
    expect(await alive(other)).toBe(true);
    expectInvalid(await test.api.delete('/users/me/sessions/x', { token: ada.token }), 'sessionId');
  });

  it('works for holders of sessions:manage', async () => {
    const path = `/users/${ada.user.id}/sessions/${sessionOf(ada)}`;
    expect((await test.api.delete(path, { token: admin.token })).status).toBe(204);
    await expectDead(ada);
    expectFailure(
      await test.api.delete(`/users/${randomUUID()}/sessions/${sessionOf(ada)}`, { token: admin.token }),
      NO_USER,
    );
  });
});

describe('DELETE /users/:id/sessions', () => {
  it('ends all sessions of the user but the current one', async () => {
    const others = [await login(test.api, account), await login(test.api, account)];
    expect(await test.api.delete('/users/me/sessions', { token: ada.token })).toMatchObject({ status: 204, text: '' });
    for (const other of others) await expectDead(other);
    expect(await alive(ada)).toBe(true);
    expect(await idsOf('/users/me/sessions', ada.token)).toEqual([sessionOf(ada)]);
    expect((await test.api.delete('/users/me/sessions', { token: ada.token })).status).toBe(204);
  });

  it('ends every session of the user when a holder of sessions:manage asks', async () => {
    const other = await login(test.api, account);
    const path = `/users/${ada.user.id}/sessions`;
    expectFailure(await test.api.delete(path, { token: (await register(test.api, newAccount())).token }), FORBIDDEN);
    expect((await test.api.delete(path, { token: admin.token })).status).toBe(204);
    for (const session of [ada, other]) await expectDead(session);
    expect(await idsOf(path, admin.token)).toEqual([]);
    expect(await alive(admin)).toBe(true);
    expectFailure(await test.api.delete(`/users/${randomUUID()}/sessions`, { token: admin.token }), NO_USER);
  });
});
