import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectFailure } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';

const STALE = { status: 412, code: 'PRECONDITION_FAILED' };
const ORIGIN = 'http://localhost:3000';

let test: TestApp;
let admin: Session;
let alice: Session;
let bob: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  alice = await register(test.api, newAccount());
  bob = await register(test.api, newAccount());
});
afterAll(() => test.close());

async function etagOf({ token }: Session, id = 'me'): Promise<string> {
  return (await test.api.get(`/users/${id}`, { token })).headers.get('etag') ?? 'no ETag';
}

describe('The ETag of a user', () => {
  it("is another one than any other user's, so that /users/me never answers 304 for another user's copy", async () => {
    const tag = await etagOf(alice);
    const { status, body } = await test.api.get('/users/me', { token: bob.token, headers: { 'if-none-match': tag } });
    expect({ status, user: body?.data.user.id }).toEqual({ status: 200, user: bob.user.id });
  });

  it("is another one than any other user's in the answers of a registration and a change, and to HEAD", async () => {
    const tags = [await etagOf(alice), await etagOf(bob)];
    for (const { token } of [alice, bob]) {
      const head = await test.api.send('HEAD', '/users/me', { token, headers: { 'if-none-match': '"other"' } });
      expect(tags).toContain(head.headers.get('etag'));
    }
    for (const account of [newAccount(), newAccount()]) {
      tags.push((await test.api.post('/users', account)).headers.get('etag') ?? '');
    }
    for (const { token } of [alice, bob]) {
      tags.push((await test.api.patch('/users/me', { bio: 'x' }, { token })).headers.get('etag') ?? '');
    }
    expect(new Set(tags).size).toBe(6);
  });

  it("does not let another user's tag pass as If-Match", async () => {
    const headers = { 'if-match': await etagOf(alice) };
    expectFailure(await test.api.patch('/users/me', { bio: 'x' }, { token: bob.token, headers }), STALE);
    const path = `/users/${bob.user.id}`;
    expectFailure(await test.api.delete(path, { token: admin.token, headers }), STALE);
    expectFailure(await test.api.put(`${path}/roles`, { roles: ['auditor'] }, { token: admin.token, headers }), STALE);
  });

  it('is the same for the user and for an admin, by id and as "me"', async () => {
    const tags = await Promise.all([
      etagOf(alice),
      etagOf(alice, alice.user.id.toUpperCase()),
      etagOf(admin, alice.user.id),
    ]);
    expect(new Set(tags).size).toBe(1);
  });

  it('is a new one after a change that is undone', async () => {
    const tags = [await etagOf(alice)];
    for (const bio of ['x', null]) {
      await test.api.patch('/users/me', { bio }, { token: alice.token });
      tags.push(await etagOf(alice));
    }
    expect(new Set(tags).size).toBe(3);
  });

  it('comes with Vary: Authorization, beside what other hooks vary by, also on a 304', async () => {
    const ask = (headers: Record<string, string>) =>
      sendRaw(test.api.origin, {
        path: '/api/v1/users/me',
        headers: { authorization: `Bearer ${alice.token}`, origin: ORIGIN, 'accept-encoding': 'gzip', ...headers },
      });
    await test.api.patch('/users/me', { bio: '🐎'.repeat(500) }, { token: alice.token });
    const whole = await ask({});
    expect(whole.headers['vary']?.split(', ').toSorted()).toEqual(['Authorization', 'Origin', 'accept-encoding']);
    const unchanged = await ask({ 'if-none-match': String(whole.headers['etag']) });
    expect(unchanged.status).toBe(304);
    expect(unchanged.headers['vary']?.split(', ')).toEqual(expect.arrayContaining(['Authorization', 'Origin']));
  });

  it.each(['-gzip', '--gzip', ';gzip', '-br', ';br', '-zstd'])(
    'matches with the suffix %s of a proxy',
    async (suffix) => {
      const { token } = alice;
      const seen = (await etagOf(alice)).replace(/"$/, `${suffix}"`);
      for (const tag of [seen, `W/${seen}`, `"other", ${seen}`]) {
        const { status } = await test.api.get('/users/me', { token, headers: { 'if-none-match': tag } });
        expect({ tag, status }).toEqual({ tag, status: 304 });
      }
      expect((await test.api.patch('/users/me', { bio: 'x' }, { token, headers: { 'if-match': seen } })).status).toBe(
        200,
      );
      expectFailure(await test.api.patch('/users/me', { bio: 'y' }, { token, headers: { 'if-match': seen } }), STALE);
    },
  );

  it.each(['-gzipx', 'gzip', '-', '-gzip-br'])('does not match with %s at its end', async (end) => {
    const { token } = alice;
    const tag = (await etagOf(alice)).replace(/"$/, `${end}"`);
    expect((await test.api.get('/users/me', { token, headers: { 'if-none-match': tag } })).status).toBe(200);
  });
});
