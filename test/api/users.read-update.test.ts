import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyEmail } from '../support/accounts.js';
import { expectFailure, expectInvalid, FORBIDDEN, NO_USER, sameForAll, statusCounts } from '../support/answers.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

const STALE = { status: 412, code: 'PRECONDITION_FAILED' };
const WRONG_PASSWORD = { status: 401, code: 'UNAUTHORIZED', message: 'Current password is incorrect' };

let test: TestApp;
let admin: Session;
let ada: Session;
let bob: Session;
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
beforeEach(async () => {
  ada = await register(test.api, newAccount());
  bob = await register(test.api, newAccount());
});
afterAll(() => test.close());

function read({ token }: Session, id = 'me', headers = {}): Promise<ApiAnswer> {
  return test.api.get(`/users/${id}`, { token, headers });
}

function update({ token }: Session, body: unknown, id = 'me', headers = {}): Promise<ApiAnswer> {
  return test.api.patch(`/users/${id}`, body, { token, headers });
}

function etagOf({ headers }: ApiAnswer): string {
  return headers.get('etag') ?? 'no ETag';
}

describe('GET /users/:id', () => {
  it('returns the same answer to the user by id, by id in capitals and as "me"', async () => {
    const answers = await Promise.all(['me', ada.user.id, ada.user.id.toUpperCase()].map((id) => read(ada, id)));
    for (const { status, headers, body } of answers) {
      expect({ status, body }).toEqual({ status: 200, body: { success: true, data: { user: ada.user } } });
      expect(headers.get('etag')).toMatch(/^"[^"]+"$/);
      expect(headers.get('cache-control')).toBe('private, no-cache');
    }
  });

  it('returns any user to an admin, 404 for an unknown user and 400 for a malformed id', async () => {
    expect((await read(admin, ada.user.id)).body.data.user).toEqual(ada.user);
    expectFailure(await read(admin, randomUUID()), NO_USER);
    for (const id of ['1', 'Me', `${ada.user.id}0`, ada.user.id.replaceAll('-', ''), '%20', `{${ada.user.id}}`]) {
      expectInvalid(await read(admin, id), 'id');
    }
  });

  it('answers a user the same 403 for another user, an unknown id and a malformed id', async () => {
    const other = await read(ada, bob.user.id);
    expectFailure(other, FORBIDDEN);
    for (const id of [randomUUID(), 'nonsense']) expect(sameForAll(await read(ada, id))).toEqual(sameForAll(other));
  });

  it('answers 401 without a token', async () => {
    for (const id of ['me', ada.user.id, 'nonsense']) {
      expectFailure(await test.api.get(`/users/${id}`), { status: 401, code: 'UNAUTHORIZED' });
    }
  });

  it.each([
    ['the tag', (tag: string) => tag],
    ['the tag made weak by a proxy', (tag: string) => `W/${tag}`],
    ['the tag in a list', (tag: string) => `"other", ${tag} ,"another"`],
    ['the weak tag in a list', (tag: string) => `"other",W/${tag}`],
    ['*', () => '*'],
  ])('answers 304 to If-None-Match: %s', async (_, condition) => {
    const tag = etagOf(await read(ada));
    const { status, headers, text } = await read(ada, 'me', { 'if-none-match': condition(tag) });
    expect({ status, text }).toEqual({ status: 304, text: '' });
    expect(headers.get('etag')).toBe(tag);
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });

  it('answers 200 to an If-None-Match of another version, 400 to a malformed one, and 403 without access', async () => {
    const tag = etagOf(await read(ada));
    expect((await read(ada, 'me', { 'if-none-match': '"other"' })).status).toBe(200);
    await update(ada, { bio: 'Changed' });
    expect((await read(ada, 'me', { 'if-none-match': tag })).status).toBe(200);
    expectInvalid(await read(ada, 'me', { 'if-none-match': 'unquoted' }), 'If-None-Match');
    expectFailure(await read(bob, ada.user.id, { 'if-none-match': '*' }), FORBIDDEN);
  });
});

describe('PATCH /users/:id', () => {
  const VALUES = {
    firstName: 'Grace',
    lastName: '😀'.repeat(100),
    phoneNumber: '+441632960001',
    dateOfBirth: '1906-12-09',
    profilePictureUrl: `https://example.com/${'p'.repeat(480)}`,
    bio: '🐎'.repeat(500),
  };

  it.each(Object.entries(VALUES))('changes %s, and null clears it', async (field, value) => {
    const before = await read(ada);
    const changed = await update(ada, { [field]: value });
    const user = { ...ada.user, [field]: value, updatedAt: expect.any(String) };
    const body = { success: true, message: 'User updated successfully', data: { user } };
    expect({ status: changed.status, body: changed.body }).toEqual({ status: 200, body });
    expect(Date.parse(changed.body.data.user.updatedAt)).toBeGreaterThan(Date.parse(before.body.data.user.updatedAt));
    expect(changed.headers.get('cache-control')).toBe('no-store');
    const cleared = await update(ada, { [field]: null });
    expect(cleared.body.data.user[field]).toBeNull();
    expect(new Set([before, changed, cleared].map(etagOf)).size).toBe(3);
  });

  it('changes several fields at once and leaves the others unchanged', async () => {
    await update(ada, VALUES);
    const { body } = await update(ada, { firstName: 'Ada', bio: null });
    expect(body.data.user).toMatchObject({ ...VALUES, firstName: 'Ada', bio: null });
  });

  it('changes nothing unless the whole body is valid', async () => {
    const before = await read(ada);
    for (const body of [undefined, {}, [], null, 'text', { currentPassword: PASSWORD }, { ...VALUES, bio: 7 }]) {
      expectFailure(await update(ada, body), { status: 400, code: 'VALIDATION_ERROR' });
    }
    expect((await read(ada)).text).toBe(before.text);
  });

  it.each([
    ['role', 'admin'],
    ['roles', ['admin']],
    ['status', 'inactive'],
    ['emailVerified', true],
    ['id', '01931b8e-3c5a-7cc1-9d0e-2f6b8a4d1e37'],
    ['passwordHash', 'x'],
    ['isActive', false],
    ['createdAt', '2020-01-01T00:00:00.000Z'],
    ['updatedAt', '2020-01-01T00:00:00.000Z'],
    ['username', 'newname'],
    ['password', OTHER_PASSWORD],
    ['newPassword', OTHER_PASSWORD],
    ['lastLogin', null],
    ['version', 7],
    ['deletedAt', null],
    ['email', null],
    ['email', ''],
    ['firstName', ''],
    ['lastName', 'a'.repeat(101)],
    ['phoneNumber', 441_632_960_001],
    ['dateOfBirth', '2023-02-29'],
    ['bio', 'a'.repeat(501)],
    ['profilePictureUrl', `https://example.com/${'p'.repeat(481)}`],
    ['profilePictureUrl', 'javascript:alert(1)'],
    ['profilePictureUrl', 'data:image/png;base64,AAAA'],
    ['profilePictureUrl', '//example.com/a.png'],
    ['profilePictureUrl', 'https://'],
    ['profilePictureUrl', 'https://example.com/a b.png'],
    ['profilePictureUrl', ''],
  ])('answers 400 to %s %j beside allowed fields, from the user and from an admin', async (field, value) => {
    const before = await read(ada);
    const body = { firstName: 'Eve', bio: 'Evil', [field]: value };
    expectInvalid(await update(ada, body), field);
    expectInvalid(await update(admin, body, ada.user.id), field);
    expect((await read(ada)).text).toBe(before.text);
  });

  it('answers another user 403, whatever the target and the body, and an admin 404 or 400', async () => {
    const other = await update(ada, { bio: 'x' }, bob.user.id);
    expectFailure(other, FORBIDDEN);
    const hidden = [await update(ada, { bio: 'x' }, randomUUID()), await update(ada, { roles: 7 }, bob.user.id)];
    for (const answer of hidden) expect(sameForAll(answer)).toEqual(sameForAll(other));
    expectFailure(await update(admin, { bio: 'x' }, randomUUID()), NO_USER);
    expectInvalid(await update(admin, { bio: 'x' }, 'nonsense'), 'id');
  });

  it.each([
    ['the tag', (tag: string) => tag],
    ['the tag made weak by a proxy', (tag: string) => `W/${tag}`],
    ['the tag in a list', (tag: string) => `"other", ${tag}`],
    ['*', () => '*'],
  ])('honours If-Match: %s', async (_, condition) => {
    const headers = { 'if-match': condition(etagOf(await read(ada))) };
    const { status, body } = await update(ada, { bio: 'Matched' }, 'me', headers);
    expect({ status, bio: body.data.user.bio }).toEqual({ status: 200, bio: 'Matched' });
  });

  it('answers 412 to a stale If-Match and 400 to a malformed one, and changes nothing', async () => {
    const stale = etagOf(await read(ada));
    const changed = await update(ada, { bio: 'Newer' });
    for (const condition of [stale, `W/${stale}`, '"other"', `"other", ${stale}`, '""']) {
      expectFailure(await update(ada, { bio: 'Older' }, 'me', { 'if-match': condition }), STALE);
    }
    for (const condition of ['1', 'unquoted', '"open', 'w/"1"', '"1" "2"', '*, "1"']) {
      expectInvalid(await update(ada, { bio: 'Older' }, 'me', { 'if-match': condition }), 'If-Match');
    }
    const now = await read(ada);
    expect({ tag: etagOf(now), bio: now.body.data.user.bio }).toEqual({ tag: etagOf(changed), bio: 'Newer' });
    expectFailure(await update(admin, { bio: 'x' }, randomUUID(), { 'if-match': '*' }), NO_USER);
  });

  it('accepts one of 50 parallel updates of the same version', async () => {
    const headers = { 'if-match': etagOf(await read(ada)) };
    const answers = await inParallel(50, (index) => update(ada, { bio: `Number ${index}` }, 'me', headers));
    expect(statusCounts(answers)).toEqual({ 200: 1, 412: 49 });
    const winner = answers.find(({ status }) => status === 200);
    expect((await read(ada)).body.data.user).toEqual(winner?.body.data.user);
  });

  it('shows a change at once to users who had read the account before', async () => {
    for (const reader of [ada, admin]) await read(reader, ada.user.id);
    const byAdmin = await update(admin, { firstName: 'Changed by an admin' }, ada.user.id);
    for (const reader of [ada, admin]) expect((await read(reader, ada.user.id)).body.data).toEqual(byAdmin.body.data);
    const bySelf = await update(ada, { firstName: 'Changed by herself' });
    for (const reader of [ada, admin]) {
      const seen = await read(reader, ada.user.id);
      expect({ data: seen.body.data, tag: etagOf(seen) }).toEqual({ data: bySelf.body.data, tag: etagOf(bySelf) });
    }
  });

  it('shows the time of a login at once, and keeps ETag and updatedAt unchanged', async () => {
    const before = await read(ada);
    const again = await login(test.api, newAccount({ email: ada.user.email }));
    const after = await read(ada);
    expect(after.body.data.user).toEqual({ ...before.body.data.user, lastLogin: after.body.data.user.lastLogin });
    expect(Date.parse(after.body.data.user.lastLogin)).toBeGreaterThan(Date.parse(before.body.data.user.lastLogin));
    expect(again.user).toEqual(after.body.data.user);
    expect(etagOf(after)).toBe(etagOf(before));
  });
});

describe('a change of email', () => {
  it('by the user needs the current password', async () => {
    const { email } = newAccount();
    expectInvalid(await update(ada, { email }), 'currentPassword');
    const wrong = await update(ada, { email, currentPassword: OTHER_PASSWORD });
    expectFailure(wrong, WRONG_PASSWORD);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer');
    expect((await read(ada)).body.data.user).toEqual(ada.user);
    expectInvalid(await update(admin, { email }), 'currentPassword');
  });

  it.each([
    ['by the user', () => ada, { currentPassword: PASSWORD }],
    ['by an admin, who needs no password', () => admin, {}],
  ])('%s clears emailVerified, and moves the login to the new email', async (_, by, confirmation) => {
    const carl = newAccount();
    const { body: created } = await test.api.post('/users', carl);
    await verifyEmail(test, created.data.user.id);
    if (by() === ada) ada = await login(test.api, carl);
    const id: string = created.data.user.id;
    expect((await read(by(), id)).body.data.user.emailVerified).toBe(true);
    const renamed = newAccount();
    const { status, body } = await update(by(), { email: renamed.email, ...confirmation }, id);
    expect({ status, user: body.data.user }).toMatchObject({
      status: 200,
      user: { email: renamed.email, emailVerified: false },
    });
    expect((await login(test.api, renamed)).user.id).toBe(id);
    await expect(login(test.api, carl)).rejects.toThrow('401');
    expect((await test.api.post('/users', newAccount({ email: carl.email }))).status).toBe(201);
  });

  it('to an email that is taken, in any letter case, is answered 409 and changes nothing', async () => {
    const taken = { status: 409, code: 'DUPLICATE_RESOURCE', message: 'Email already exists' };
    const email = bob.user.email.toUpperCase();
    const bySelf = await update(ada, { email, bio: 'x', currentPassword: PASSWORD });
    for (const answer of [bySelf, await update(admin, { email, bio: 'x' }, ada.user.id)]) {
      expectFailure(answer, { ...taken, fault: { field: 'email', message: 'Email already exists' } });
    }
    expect((await read(ada)).body.data.user).toEqual(ada.user);
  });

  it('to the same email in another letter case is no conflict', async () => {
    const email = ada.user.email.toUpperCase();
    const { status, body } = await update(ada, { email, currentPassword: PASSWORD });
    expect({ status, email: body.data.user.email }).toEqual({ status: 200, email });
  });
});
