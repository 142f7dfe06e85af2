import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { EventBus, Transactions } from '../../src/platform/events/index.js';
import { UserUpdated } from '../../src/users/index.js';
import { createRole, holderOf, setStatus } from '../support/accounts.js';
import { CONFLICT, DEAD_TOKEN, expectFailure, expectInvalid, FORBIDDEN, statusCounts } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

const REUSED = { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' };

const keyed = (key: string = randomUUID()) => ({ 'idempotency-key': key });

function expectReplay(second: ApiAnswer, first: ApiAnswer): void {
  expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([
    null,
    'true',
  ]);
  const [before, after] = [first, second].map(({ status, text, headers }) => ({
    status,
    text,
    etag: headers.get('etag'),
    location: headers.get('location'),
    type: headers.get('content-type'),
    cache: headers.get('cache-control'),
  }));
  expect(after).toEqual(before);
}

describe('A request with an Idempotency-Key', () => {
  let test: TestApp;
  let admin: Session;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
  });
  beforeEach(async () => {
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const stored = () => test.app.get(PrismaService).idempotentAnswer.count();

  it('is done once: a registration', async () => {
    const account = newAccount();
    const headers = keyed();
    const first = await test.api.post('/users', account, { headers });
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toEqual(expect.any(String));
    expectReplay(await test.api.post('/users', account, { headers }), first);
  });

  it('is done once: an update, also where another one has come since', async () => {
    const headers = keyed();
    const change = () => test.api.patch('/users/me', { bio: 'first' }, { token: ada.token, headers });
    const first = await change();
    expect(first.status).toBe(200);
    await test.api.patch('/users/me', { bio: 'second' }, { token: ada.token });
    expectReplay(await change(), first);
    expect((await test.api.get('/users/me', { token: ada.token })).body.data.user.bio).toBe('second');
  });

  it('is done once: a deletion, whose answer has no body', async () => {
    const request = { token: admin.token, headers: keyed() };
    const first = await test.api.delete(`/users/${ada.user.id}`, request);
    expect(first.status).toBe(204);
    expectReplay(await test.api.delete(`/users/${ada.user.id}`, request), first);
    expectFailure(await test.api.delete(`/users/${ada.user.id}`, { token: admin.token }), {
      status: 404,
      code: 'RESOURCE_NOT_FOUND',
    });
  });

  it('is done once: a change of status or of roles, a role, an end of a session', async () => {
    const requests: [string, string, unknown?][] = [
      ['PUT', `/users/${ada.user.id}/status`, { status: 'inactive' }],
      ['PUT', `/users/${ada.user.id}/roles`, { roles: ['auditor'] }],
      ['POST', '/roles', { name: `r-${randomUUID().slice(0, 8)}`, permissions: [] }],
      ['DELETE', `/users/${ada.user.id}/sessions`],
    ];
    for (const [method, path, body] of requests) {
      const request = { token: admin.token, headers: keyed(), body };
      const first = await test.api.send(method, path, request);
      expect(first.status).toBeLessThan(300);
      expectReplay(await test.api.send(method, path, request), first);
    }
  });

  it.each<[string, number, () => Promise<[string, string, unknown]>]>([
    ['404', 404, async () => ['PUT', `/users/${randomUUID()}/status`, { status: 'active' }]],
    ['409 for a duplicate', 409, async () => ['POST', '/users', { ...newAccount(), email: ada.user.email }]],
    ['409 for a conflict', 409, async () => ['POST', `/users/${ada.user.id}/restore`, undefined]],
  ])('repeats the answer %s, whatever the state is by then', async (_, status, of) => {
    const [method, path, body] = await of();
    const request = { token: admin.token, headers: keyed(), body };
    const first = await test.api.send(method, path, request);
    expect(first.status).toBe(status);
    await test.api.delete(`/users/${ada.user.id}`, { token: admin.token });
    expectReplay(await test.api.send(method, path, request), first);
  });

  it('repeats the answer 412', async () => {
    const headers = { ...keyed(), 'if-match': '"another"' };
    const change = () => test.api.patch('/users/me', { bio: 'x' }, { token: ada.token, headers });
    const first = await change();
    expect(first.status).toBe(412);
    expectReplay(await change(), first);
  });

  it.each<[string, number, (headers: Record<string, string>) => Promise<ApiAnswer>]>([
    ['400', 400, (headers) => test.api.patch('/users/me', { bio: 1 }, { token: ada.token, headers })],
    ['401', 401, (headers) => test.api.patch('/users/me', { bio: 'x' }, { headers })],
    [
      '403',
      403,
      (headers) => test.api.post('/roles', { name: 'some', permissions: [] }, { token: ada.token, headers }),
    ],
  ])('keeps no answer %s, and leaves the key free', async (_, status, send) => {
    const before = await stored();
    const headers = keyed();
    expect((await send(headers)).status).toBe(status);
    expect((await send(headers)).headers.get('idempotency-replayed')).toBeNull();
    expect(await stored()).toBe(before);
    expect((await test.api.patch('/users/me', { bio: 'x' }, { token: ada.token, headers })).status).toBe(200);
  });

  it('is refused with 422 when the key was used with another body, path, method or If-Match', async () => {
    const headers = keyed();
    const { token } = ada;
    expect((await test.api.patch('/users/me', { bio: 'x' }, { token, headers })).status).toBe(200);
    const others = [
      test.api.patch('/users/me', { bio: 'y' }, { token, headers }),
      test.api.patch(`/users/${ada.user.id}`, { bio: 'x' }, { token, headers }),
      test.api.delete('/users/me', { token, headers }),
      test.api.patch('/users/me', { bio: 'x' }, { token, headers: { ...headers, 'if-match': '*' } }),
    ];
    for (const answer of await Promise.all(others)) expectFailure(answer, REUSED);
  });

  it('tells nothing of the password in the first one: it is not a part of what is compared', async () => {
    const headers = keyed();
    const change = (currentPassword: string) =>
      test.api.patch('/users/me', { email: `new-${ada.user.email}`, currentPassword }, { token: ada.token, headers });
    const first = await change(PASSWORD);
    expect(first.status).toBe(200);
    expectReplay(await change('Wrong-horse-7-battery!'), first);
    const account = newAccount();
    const created = await test.api.post('/users', account, { headers });
    expectReplay(
      await test.api.post('/users', { ...account, password: 'Wrong-horse-7-battery!' }, { headers }),
      created,
    );
  });

  it('shares no key with another user', async () => {
    const bob = await register(test.api, newAccount());
    const headers = keyed();
    const change = (token: string) => test.api.patch('/users/me', { bio: 'mine' }, { token, headers });
    expect((await change(ada.token)).body.data.user.id).toBe(ada.user.id);
    expect((await change(bob.token)).body.data.user.id).toBe(bob.user.id);
  });

  it('gets the stored answer only where it may still ask: not after its permission has gone', async () => {
    const operator = await holderOf(test, ['users:read', 'users:update']);
    const request = { token: operator.token, headers: keyed(), body: { status: 'inactive' } };
    expect((await test.api.send('PUT', `/users/${ada.user.id}/status`, request)).status).toBe(200);
    await test.api.put(`/users/${operator.user.id}/roles`, { roles: [] }, { token: admin.token });
    expectFailure(await test.api.send('PUT', `/users/${ada.user.id}/status`, request), FORBIDDEN);
    await setStatus(test, operator.user.id, 'suspended');
    expectFailure(await test.api.send('PUT', `/users/${ada.user.id}/status`, request), DEAD_TOKEN);
  });

  it('is 401 when it is repeated after it ended its own session', async () => {
    const request = { token: ada.token, headers: keyed() };
    expect((await test.api.delete('/users/me', request)).status).toBe(204);
    expectFailure(await test.api.delete('/users/me', request), DEAD_TOKEN);
  });

  it('is done once of 50 at the same time: the others get its answer, or 409 while it runs', async () => {
    const account = newAccount();
    const headers = keyed();
    const answers = await inParallel(50, () => test.api.post('/users', account, { headers }));
    const done = answers.filter(({ status }) => status === 201);
    expect(done.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectFailure(answer, CONFLICT);
    expect(statusCounts(answers)).toEqual({ 201: done.length, ...(done.length < 50 ? { 409: 50 - done.length } : {}) });
    const { body } = await test.api.get(`/users?email=${account.email}`, { token: admin.token });
    expect(body.data.pagination.totalItems).toBe(1);
  });

  it('leaves a handler after the commit a transaction of its own', async () => {
    const [bus, transactions] = [test.app.get(EventBus), test.app.get(Transactions)];
    const seen: unknown[] = [];
    bus.afterCommit(UserUpdated, async () => {
      seen.push(await transactions.run(async ({ db }) => db.user.count({ where: { bio: 'of the handler' } })));
    });
    const request = { token: ada.token, headers: keyed() };
    expect((await test.api.patch('/users/me', { bio: 'of the handler' }, request)).status).toBe(200);
    expect(seen).toEqual([1]);
  });

  it('is done again once 24 hours are over', async () => {
    const headers = keyed();
    const change = () => test.api.patch('/users/me', { bio: 'x' }, { token: ada.token, headers });
    await change();
    await test.app.get(PrismaService).$executeRaw`
      UPDATE idempotent_answers SET claimed_at = claimed_at - interval '24 hours', expires_at = expires_at - interval '24 hours'`;
    expect((await change()).headers.get('idempotency-replayed')).toBeNull();
    expect((await change()).headers.get('idempotency-replayed')).toBe('true');
  });

  it.each(['', ' ', 'two words', 'é', 'x'.repeat(256)])('is refused with 400 when the key is %j', async (key) => {
    const answer = await test.api.patch('/users/me', { bio: 'x' }, { token: ada.token, headers: keyed(key) });
    expectInvalid(answer, 'Idempotency-Key');
  });

  it('takes keys of 1 and of 255 characters', async () => {
    for (const key of ['!', '~'.repeat(255)]) {
      const answer = await test.api.patch('/users/me', { bio: 'x' }, { token: ada.token, headers: keyed(key) });
      expect(answer.status).toBe(200);
    }
  });

  it('is served as without a key on the routes that ignore it', async () => {
    const before = await stored();
    const headers = keyed(' not a key ');
    const passwords = { currentPassword: PASSWORD, newPassword: 'Another-8-battery!' };
    expect((await test.api.put('/users/me/password', passwords, { token: ada.token, headers })).status).toBe(200);
    const reset = () =>
      test.api.post(`/users/${ada.user.id}/password-reset`, undefined, { token: admin.token, headers });
    expect((await reset()).body.data.resetToken).not.toBe((await reset()).body.data.resetToken);
    const login = { email: ada.user.email, password: passwords.newPassword };
    for (let round = 0; round < 2; round += 1) {
      const answer = await test.api.post('/auth/login', login, { headers });
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, null]);
    }
    expect(await stored()).toBe(before);
  });

  it('leaves nothing behind when its change is refused: neither the change nor its audit entry', async () => {
    const role = await createRole(test, ['users:read']);
    const headers = keyed();
    const body = { roles: [role, 'no-such-role'] };
    const answer = await test.api.put(`/users/${ada.user.id}/roles`, body, { token: admin.token, headers });
    expect(answer.status).toBe(400);
    const history = await test.api.get(`/users/${ada.user.id}/audit-logs`, { token: admin.token });
    const actions = history.body.data.auditLogs.map(({ action }: { action: string }) => action);
    expect(actions).not.toContain('user.roles_changed');
  });
});
