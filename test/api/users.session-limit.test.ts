import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { createRole } from '../support/accounts.js';
import { DEAD_TOKEN, expectFailure } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { auditLogs } from '../support/audit.js';
import type { ApiAnswer } from '../support/client.js';
import { type Account, newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { onServers } from '../support/stores.js';
import { decodeToken } from '../support/tokens.js';

const MAX = 3;
/**
 * As a user may have them from before there was a limit. More than are forgotten one by one, and on servers more than one
 * statement should name.
 */
const MANY = onServers ? 15_000 : 2_000;
/** 60,000 take 1.5 s at most on a machine with nothing else to do. */
const MASS_ENDING_MS = 5_000;

let test: TestApp;
let admin: Session;
let account: Account;
let ada: Session;
beforeAll(async () => {
  test = await startApp({ SESSION_MAX_PER_USER: String(MAX) });
});
beforeEach(async () => {
  admin = await test.admin();
  account = newAccount();
  ada = await register(test.api, account);
});
afterAll(() => test.close());

const sessionOf = ({ token }: Session) => String(decodeToken(token).claims['sid']);
const refresh = ({ refreshToken }: Session) => test.api.post('/auth/refresh', { refreshToken });

const hoard = () => test.app.get(PrismaService).$executeRaw`
  INSERT INTO sessions (id, user_id, expires_at, ends_at, token_id, token_issued_at)
  SELECT gen_random_uuid(), ${ada.user.id}::uuid, now() + interval '1 day', now() + interval '1 day',
    gen_random_uuid(), now()
  FROM generate_series(1, ${MANY})`;
const asAdmin = (method: string, path: string, body?: unknown) =>
  test.api.send(method, `/users/${ada.user.id}${path}`, { token: admin.token, body });

async function liveIds(by: Session): Promise<string[]> {
  const { body } = await test.api.get('/users/me/sessions?limit=100', { token: by.token });
  return body.data.sessions.map(({ id }: { id: string }) => id);
}

async function expectDead(session: Session): Promise<void> {
  expectFailure(await test.api.get('/users/me', { token: session.token }), DEAD_TOKEN);
  expectFailure(await refresh(session), DEAD_TOKEN);
}

describe('The number of sessions of a user', () => {
  it('stays at the maximum: a login beyond it ends the oldest session at once', async () => {
    const [second, third] = [await login(test.api, account), await login(test.api, account)];
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(200);
    const fourth = await login(test.api, account);
    await expectDead(ada);
    expect(await liveIds(fourth)).toEqual([fourth, third, second].map(sessionOf));
  });

  it('counts a refresh as use: the session that has been unused for longest ends', async () => {
    const second = await login(test.api, account);
    expect((await refresh(ada)).status).toBe(200);
    const third = await login(test.api, account);
    const fourth = await login(test.api, account);
    await expectDead(second);
    expect((await liveIds(fourth)).toSorted()).toEqual([ada, third, fourth].map(sessionOf).toSorted());
  });

  it('includes no session that has ended or expired, and none of another user', async () => {
    const other = await register(test.api, newAccount());
    const [second, third] = [await login(test.api, account), await login(test.api, account)];
    await test.api.post('/auth/logout', undefined, { token: second.token });
    const expiresAt = new Date(Date.now() - 1_000);
    await test.app.get(PrismaService).session.update({ where: { id: sessionOf(third) }, data: { expiresAt } });
    const more = [await login(test.api, account), await login(test.api, account)];
    for (const { token } of [ada, other, ...more])
      expect((await test.api.get('/users/me', { token })).status).toBe(200);
  });

  it('stays at the maximum when logins come at once', async () => {
    const sessions = await inParallel(4 * MAX, () => login(test.api, account));
    const tokens = sessions.map(({ token }) => token);
    const statuses = await inParallel(tokens.length, async (n) => {
      return (await test.api.get('/users/me', { token: tokens[n] })).status;
    });
    expect(statuses.filter((status) => status === 200)).toHaveLength(MAX);
  });

  it('is kept also at a login after which the clock of an instance was set back', async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    await Promise.all([login(test.api, account), login(test.api, account)]);
    const { prisma, where } = { prisma: test.app.get(PrismaService), where: { userId: ada.user.id } };
    await prisma.session.updateMany({ where, data: { lastUsedAt: ahead } });
    const newest = await login(test.api, account);
    expect(await liveIds(newest)).toHaveLength(MAX);
  });

  it("shows in the user's history, as an end by the user's own new session", async () => {
    for (let n = 0; n < MAX; n += 1) await login(test.api, account);
    const [newest] = await auditLogs(test, { targetId: ada.user.id, action: 'session.started' });
    const entries = await auditLogs(test, { targetId: ada.user.id, action: 'session.ended' });
    expect(entries).toEqual([
      expect.objectContaining({
        reason: 'session_limit',
        count: 1,
        changes: { session: { before: sessionOf(ada), after: null } },
        actor: { id: ada.user.id, type: 'user', sessionId: newest?.actor.sessionId },
      }),
    ]);
  });
});

describe('Very many sessions of a user', () => {
  it.each<[string, string, () => Promise<ApiAnswer>]>([
    ['a suspension', 'user_not_active', () => asAdmin('PUT', '/status', { status: 'suspended' })],
    ['a deletion', 'user_deleted', () => asAdmin('DELETE', '')],
    ['an administrator', 'revoked', () => asAdmin('DELETE', '/sessions')],
    [
      'a password reset',
      'password_reset',
      async () => {
        const { body } = await asAdmin('POST', '/password-reset');
        const { resetToken } = body.data;
        return test.api.post('/auth/reset-password', { resetToken, newPassword: OTHER_PASSWORD });
      },
    ],
  ])('are ended by %s in time, with one audit entry that counts them', async (_, reason, end) => {
    await hoard();
    await test.api.get('/users/me', { token: ada.token });
    const startedAt = performance.now();
    expect((await end()).status).toBeLessThan(300);
    expect(performance.now() - startedAt).toBeLessThan(MASS_ENDING_MS);
    await expectDead(ada);
    const entries = await auditLogs(test, { targetId: ada.user.id, action: 'session.ended' });
    expect(entries.map(({ count, changes, ...entry }) => [count, changes, entry.reason])).toEqual([
      [MANY + 1, null, reason],
    ]);
  });

  it('do not keep a new password, new roles or a login from taking effect', async () => {
    await hoard();
    const request = { token: ada.token };
    const startedAt = performance.now();
    expect((await asAdmin('PUT', '/roles', { roles: [await createRole(test, ['users:read'])] })).status).toBe(200);
    expect((await test.api.get('/users', request)).status).toBe(200);
    const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    expect((await test.api.put('/users/me/password', passwords, request)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(2 * MASS_ENDING_MS);
    expect(await liveIds(ada)).toEqual([sessionOf(ada)]);
    await hoard();
    await login(test.api, { ...account, password: OTHER_PASSWORD });
    expect(await test.app.get(PrismaService).session.count({ where: { userId: ada.user.id, endedAt: null } })).toBe(
      MAX,
    );
  });
});
