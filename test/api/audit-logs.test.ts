import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, setRoles, setStatus, verifyEmail } from '../support/accounts.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import { type AuditedApp, auditLogs, entryOf, startAuditedApp } from '../support/audit.js';
import { ADMIN, newAccount, newRoleName, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { UUID } from '../support/shapes.js';

describe('The audit log', () => {
  let test: TestApp;
  let admin: Session;
  let auditor: Session;
  let asAdmin: AuditedApp['asAdmin'];
  beforeAll(async () => {
    ({ test, admin, auditor, asAdmin } = await startAuditedApp());
  });
  afterAll(() => test.close());

  it('records who changed what, when, from where and in which request', async () => {
    const { token, user } = await register(test.api, newAccount());
    const changed = await test.api.patch(
      '/users/me',
      { bio: 'Likes looms.', firstName: 'Ada' },
      { token, headers: { 'user-agent': 'loom/1.0', 'x-request-id': 'request-of-the-loom' } },
    );
    expect(changed.headers.get('x-request-id')).toBe('request-of-the-loom');
    const entry = await entryOf(test, changed);
    expect(entry).toEqual({
      id: expect.stringMatching(UUID),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      action: 'user.updated',
      outcome: 'success',
      actor: { id: user.id, type: 'user', sessionId: expect.stringMatching(UUID) },
      target: { type: 'user', id: user.id },
      ip: '127.0.0.1',
      userAgent: 'loom/1.0',
      requestId: 'request-of-the-loom',
      changes: { bio: { before: null, after: 'Likes looms.' }, firstName: { before: null, after: 'Ada' } },
      reason: null,
      count: 1,
    });
    expect(Math.abs(Date.parse(entry.time) - Date.now())).toBeLessThan(60_000);
  });

  it('records a registration as anonymous, and the first admin as created by the system', async () => {
    const { body, headers } = await test.api.post('/users', newAccount());
    const created = await entryOf(test, { headers });
    expect(created).toMatchObject({
      action: 'user.created',
      actor: { id: null, type: 'anonymous', sessionId: null },
      target: { type: 'user', id: body.data.user.id },
    });
    const [first] = await auditLogs(test, { action: 'user.created', targetId: admin.user.id });
    expect(first).toMatchObject({ actor: { type: 'system' }, ip: null, userAgent: null, requestId: null });
  });

  it('records what administrators do, with the values before and after', async () => {
    const { user } = await register(test.api, newAccount());
    const role = await createRole(test, []);
    await setRoles(test, user.id, [role]);
    await verifyEmail(test, user.id);
    await asAdmin('PUT', `/users/${user.id}/status`, { status: 'suspended', reason: 'They asked.' });
    await asAdmin('POST', `/users/${user.id}/password-reset`);
    await asAdmin('DELETE', `/users/${user.id}`);
    await asAdmin('POST', `/users/${user.id}/restore`);
    const entries = (await auditLogs(test, { targetId: user.id })).filter(
      ({ action }) => !action.startsWith('session'),
    );
    expect(entries.map(({ action }) => action)).toEqual([
      'user.restored',
      'user.deleted',
      'user.password_reset_issued',
      'user.status_changed',
      'user.email_verified',
      'user.roles_changed',
      'user.created',
    ]);
    expect(entries.slice(0, -1).every(({ actor }) => actor.id === admin.user.id)).toBe(true);
    expect(entries[3]).toMatchObject({ reason: 'They asked.' });
    expect(entries[3]?.changes).toEqual({ status: { before: 'active', after: 'suspended' } });
    expect(entries[5]?.changes).toEqual({ roles: { before: ['user'], after: [role, 'user'] } });
  });

  it('records the creation, change and deletion of a role', async () => {
    const name = newRoleName();
    await asAdmin('POST', '/roles', { name, permissions: ['users:read'] });
    await asAdmin('PATCH', `/roles/${name}`, { description: 'Reads.', permissions: [] });
    await asAdmin('DELETE', `/roles/${name}`);
    const entries = await auditLogs(test, { targetId: name });
    expect(entries.map(({ action, target }) => [action, target.type])).toEqual([
      ['role.deleted', 'role'],
      ['role.updated', 'role'],
      ['role.created', 'role'],
    ]);
    expect(entries[1]?.changes).toEqual({
      description: { before: null, after: 'Reads.' },
      permissions: { before: ['users:read'], after: [] },
    });
  });

  it('records each start of a session, each end with its reason, and a reused refresh token, but no refreshes', async () => {
    const account = newAccount();
    const session = await register(test.api, account);
    const second = await login(test.api, account);
    await test.api.post('/auth/logout', undefined, { token: second.token });
    let refreshToken = session.refreshToken;
    for (let n = 0; n < 2; n += 1) {
      ({ refreshToken } = (await test.api.post('/auth/refresh', { refreshToken })).body.data);
    }
    await test.api.post('/auth/refresh', { refreshToken: session.refreshToken });
    const entries = await auditLogs(test, { targetId: session.user.id });
    expect(entries.map(({ action, reason }) => [action, reason])).toEqual([
      ['session.ended', 'refresh_token_reused'],
      ['session.reuse_detected', null],
      ['session.ended', 'logout'],
      ['session.started', null],
      ['session.started', null],
      ['user.created', null],
    ]);
    expect(entries[1]).toMatchObject({ outcome: 'denied', actor: { type: 'anonymous' } });
    expect(entries[3]?.actor).toMatchObject({
      id: session.user.id,
      type: 'user',
      sessionId: expect.stringMatching(UUID),
    });
  });

  it('records password changes, password resets and every wrong password', async () => {
    const account = newAccount();
    const { token, user } = await register(test.api, account);
    const put = (currentPassword: string) =>
      test.api.put('/users/me/password', { currentPassword, newPassword: 'Another-sound-9-word!' }, { token });
    await put(OTHER_PASSWORD);
    await test.api.patch('/users/me', { email: newAccount().email, currentPassword: OTHER_PASSWORD }, { token });
    await test.api.post('/auth/login', { email: account.email, password: OTHER_PASSWORD });
    await put(PASSWORD);
    const { body } = await asAdmin('POST', `/users/${user.id}/password-reset`);
    await test.api.post('/auth/reset-password', { resetToken: body.data.resetToken, newPassword: PASSWORD });
    const entries = (await auditLogs(test, { targetId: user.id })).filter(
      ({ action }) => !action.startsWith('session'),
    );
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'user.password_reset success',
      'user.password_reset_issued success',
      'user.password_changed success',
      'login.failed failure',
      'user.updated failure',
      'user.password_changed failure',
      'user.created success',
    ]);
    const refused = await test.api.post('/auth/reset-password', { resetToken: 'no-token', newPassword: PASSWORD });
    expect(await entryOf(test, refused)).toMatchObject({
      action: 'user.password_reset',
      outcome: 'failure',
      target: { type: 'user', id: null },
    });
  });

  it('records a denial with its target and the missing permission, which the client is not told', async () => {
    const { token, user } = await register(test.api, newAccount());
    const answers = [
      await test.api.get('/users', { token }),
      await test.api.get(`/users/${admin.user.id}`, { token }),
      await test.api.delete(`/users/${randomUUID()}`, { token }),
      await test.api.put(`/users/${admin.user.id}/password`, {}, { token }),
      await test.api.delete('/roles/user', { token }),
    ];
    for (const { body } of answers) {
      expect(body.error).toEqual({
        code: 'FORBIDDEN',
        message: 'You do not have permission to do this',
        timestamp: expect.any(String),
        requestId: expect.any(String),
      });
    }
    const entries = await Promise.all(answers.map((answer) => entryOf(test, answer)));
    for (const entry of entries) {
      expect(entry).toMatchObject({ action: 'permission.denied', outcome: 'denied', actor: { id: user.id } });
    }
    expect(entries.map(({ target, reason }) => [target.type, target.id, reason])).toEqual([
      ['route', 'GET /api/v1/users', 'users:read'],
      ['user', admin.user.id, 'users:read'],
      ['user', expect.stringMatching(UUID), 'users:delete'],
      ['user', admin.user.id, 'self: only the user may do this'],
      ['role', 'user', 'roles:manage'],
    ]);
  });

  it('records a denial by a rule with the rule that was broken', async () => {
    const { token } = await holderOf(test, ['users:update', 'roles:assign', 'roles:manage', 'users:read']);
    const { user } = await register(test.api, newAccount());
    const role = await createRole(test, ['audit:read']);
    const answers = [
      await test.api.get('/users?status=deleted', { token }),
      await test.api.patch(`/users/${auditor.user.id}`, { bio: 'x' }, { token }),
      await test.api.put(`/users/${user.id}/roles`, { roles: [role] }, { token }),
      await test.api.delete(`/roles/${role}`, { token }),
      await test.api.post('/roles', { name: newRoleName(), permissions: ['audit:read'] }, { token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    const entries = await Promise.all(answers.map((answer) => entryOf(test, answer)));
    expect(entries.map(({ reason }) => reason)).toEqual([
      'users:delete',
      'hierarchy: the user holds audit:read, which the caller lacks',
      `escalation: the role ${role} holds audit:read, which the caller lacks`,
      'escalation: the role holds audit:read, which the caller lacks',
      'escalation: the role would hold audit:read, which the caller lacks',
    ]);
  });

  it('records the same denial for each of several targets, and folds it for one', async () => {
    const { token, user } = await register(test.api, newAccount());
    const targets = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [...targets, ...targets]) await test.api.get(`/users/${id}`, { token });
    const entries = await auditLogs(test, { action: 'permission.denied', actorId: user.id });
    expect(entries.map(({ target, count }) => [target.id, count])).toEqual(targets.toReversed().map((id) => [id, 1]));
  });

  it.each<[string, string, string[], string]>([
    ['roles', 'role', ['one', 'two', 'me'], '/roles/'],
    ['audit entries', 'audit-entry', [randomUUID(), randomUUID()], '/audit-logs/'],
  ])('records the same denial for each of several %s', async (_, type, ids, path) => {
    const { token, user } = await register(test.api, newAccount());
    for (const id of [...ids, ...ids]) await test.api.get(path + id, { token });
    await test.api.get(`${path}Not_an_id`, { token });
    const entries = await auditLogs(test, { action: 'permission.denied', actorId: user.id });
    expect(entries.map(({ target }) => [target.type, target.id]).toReversed()).toEqual([
      ...ids.map((id) => [type, id]),
      ['route', expect.stringContaining(`/api/v1${path}:`)],
    ]);
  });

  it('records a login that is refused past the limit on wrong passwords', async () => {
    const strict = await startApp({ AUTH_RATE_LIMIT_MAX: '1' });
    try {
      const { email } = newAccount();
      for (let n = 0; n < 2; n += 1) await strict.api.post('/auth/login', { email, password: PASSWORD });
      expect((await auditLogs(strict, { action: 'login.throttled' }))[0]).toMatchObject({
        outcome: 'denied',
        actor: { type: 'anonymous' },
      });
    } finally {
      await strict.close();
    }
  });

  it('writes the first of many failed logins at once, and the rest of that minute as one entry with their number', async () => {
    const own = await startApp();
    const account = newAccount();
    const { user } = await register(own.api, account);
    for (let n = 0; n < 20; n += 1) await own.api.post('/auth/login', { email: account.email, password: 'Wrong' });
    const seen = await auditLogs(own, { action: 'login.failed', targetId: user.id });
    expect(seen.map(({ count }) => count)).toEqual([1]);
    await own.app.close();
    const again = await startApp({}, own.stores);
    const later = await auditLogs(again, { action: 'login.failed', targetId: user.id });
    expect(later.map(({ count }) => count)).toEqual([19, 1]);
    await again.app.close();
    await own.stores.remove();
  });

  it('writes nothing for a request that changed nothing', async () => {
    const account = newAccount();
    const { user, token } = await register(test.api, account);
    const refused = [
      await test.api.post('/users', account),
      await test.api.patch('/users/me', { bio: 'x' }, { token, headers: { 'if-match': '"99"' } }),
      await test.api.patch('/users/me', { bio: 7 }, { token }),
      await asAdmin('PUT', `/users/${user.id}/status`, { status: 'active' }),
      await asAdmin('POST', `/users/${user.id}/restore`),
      await asAdmin('DELETE', '/users/me'),
    ];
    expect(refused.map(({ status }) => status)).toEqual([409, 412, 400, 200, 409, 409]);
    for (const { headers } of refused) {
      expect(await auditLogs(test, { requestId: headers.get('x-request-id') ?? '' })).toEqual([]);
    }
  });

  it('contains no password, no password hash and no token', async () => {
    const canary = `Canary-${randomUUID()}-7!`;
    const account = newAccount({ password: canary });
    const session = await register(test.api, account);
    await test.api.put(
      '/users/me/password',
      { currentPassword: canary, newPassword: `${canary}2` },
      { token: session.token },
    );
    await test.api.put(
      '/users/me/password',
      { currentPassword: canary, newPassword: `${canary}3` },
      { token: session.token },
    );
    await test.api.post('/auth/login', { email: canary, password: canary });
    await test.api.post('/auth/login', { username: account.username, password: `${canary}4` });
    await test.api.post('/auth/refresh', { refreshToken: canary });
    await test.api.post('/auth/reset-password', { resetToken: canary, newPassword: `${canary}5` });
    const issued = await asAdmin('POST', `/users/${session.user.id}/password-reset`);
    const { text } = await test.api.get('/audit-logs/export', { token: auditor.token });
    for (const secret of ['Canary-', session.token, session.refreshToken, issued.body.data.resetToken, '$argon2']) {
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
    }
    expect(text).not.toContain(ADMIN.password);
    await setStatus(test, session.user.id, 'inactive');
  });
});
