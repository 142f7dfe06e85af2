import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRole, holderOf, setStatus } from '../support/accounts.js';
import { login, type TestApp } from '../support/app.js';
import { expectFailure, expectInvalid, FORBIDDEN, statusCounts } from '../support/answers.js';
import { auditLogs } from '../support/audit.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { type Mailbox, mailsSettled, startWithMail, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';

const REFUSED = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: 'Invalid or expired invitation token',
  reason: 'invalid_token',
} as const;

const taken = (field: string, message: string) => ({
  status: 409,
  code: 'DUPLICATE_RESOURCE',
  fault: { field, rule: 'taken' as const, message },
});

function named() {
  const { username, email } = newAccount();
  return { username, email };
}

describe('POST /users/invitations', () => {
  let test: TestApp;
  let mailbox: Mailbox;
  let inviter: Session;
  beforeAll(async () => {
    ({ test, mailbox } = await startWithMail());
    inviter = await holderOf(test, ['users:create']);
  });
  afterAll(() => mailbox.close());

  const invite = (body: object, { token }: Session = inviter) => test.api.post('/users/invitations', body, { token });
  const accept = (token: string, password = PASSWORD) => test.api.post('/auth/accept-invitation', { token, password });
  const mailed = async (email: string, count = 1) => (await mailbox.next(email, SUBJECTS.invitation, count)).token;

  it('creates an inactive account without a password, whose user sets one with the mailed link', async () => {
    const names = named();
    const { status, headers, body } = await invite({ ...names, firstName: 'Ada', lastName: null });
    const { user } = body.data;
    expect({ status, user }).toMatchObject({
      status: 201,
      user: {
        ...names,
        firstName: 'Ada',
        lastName: null,
        status: 'inactive',
        isActive: false,
        emailVerified: false,
        roles: ['user'],
      },
    });
    expect(headers.get('location')).toBe(`/api/v1/users/${user.id}`);
    for (const password of [PASSWORD, 'decoy', '']) {
      const refused = await test.api.post('/auth/login', { email: names.email, password });
      expect([400, 401]).toContain(refused.status);
    }
    const { link, token } = await mailbox.next(names.email, SUBJECTS.invitation);
    expect(link).toBe(`http://localhost:3000/account/accept-invitation#token=${token}`);
    expectInvalid(await accept(token, 'short'), 'password');
    expectInvalid(await accept(token, `A1!${names.username}`), 'password');
    const accepted = await accept(token);
    expect(accepted.status).toBe(200);
    expect(accepted.body.data.user).toMatchObject({ id: user.id, status: 'active', emailVerified: true });
    expectFailure(await accept(token, OTHER_PASSWORD), REFUSED);
    await login(test.api, { ...names, password: PASSWORD });
    await mailsSettled(test);
    // Neither a link to verify what the acceptance has proved, nor a notice of the first password.
    expect((await mailbox.all()).filter(({ to }) => to === names.email)).toHaveLength(1);
    const actions = (await auditLogs(test, { targetId: user.id })).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['user.created', 'user.invited', 'user.invitation_accepted']));
  });

  it('mails another link when posted again, and ends the first; the first username and roles stay', async () => {
    const names = named();
    const first = await invite(names);
    const link = await mailed(names.email);
    const again = await invite({ ...named(), email: names.email.toUpperCase(), firstName: 'Other' });
    expect(again.status).toBe(200);
    expect(again.body.data.user).toEqual(first.body.data.user);
    expectFailure(await accept(link), REFUSED);
    expect((await accept(await mailed(names.email, 2))).status).toBe(200);
    expectFailure(await invite(names), taken('email', 'Email already exists'));
  });

  it('is not limited', async () => {
    const names = named();
    for (let count = 0; count < 6; count += 1) expect((await invite(names)).status).toBe(count === 0 ? 201 : 200);
    await mailed(names.email, 6);
    // The link that was made last is good.
    const mails = (await mailbox.all()).filter(({ to }) => to === names.email);
    const answers: ApiAnswer[] = [];
    for (const { token } of mails) answers.push(await accept(token));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 5 });
  });

  it('answers the same invitation, sent five times at once, with one account', async () => {
    const names = named();
    const answers = await inParallel(5, () => invite(names));
    expect(statusCounts(answers)).toEqual({ 200: 4, 201: 1 });
    expect(new Set(answers.map(({ body }) => body.data.user.id)).size).toBe(1);
  });

  it('refuses a taken email or username', async () => {
    const account = newAccount();
    expect((await test.api.post('/users', account)).status).toBe(201);
    expectFailure(await invite({ ...named(), email: account.email }), taken('email', 'Email already exists'));
    expectFailure(
      await invite({ ...named(), username: account.username }),
      taken('username', 'Username already exists'),
    );
    const invited = named();
    expect((await invite(invited)).status).toBe(201);
    expectFailure(
      await invite({ ...named(), username: invited.username }),
      taken('username', 'Username already exists'),
    );
    // A registration meets the invited account like any other.
    const registration = await test.api.post('/users', newAccount({ email: invited.email }));
    expectFailure(registration, taken('email', 'Email already exists'));
  });

  it('gives the roles that the inviter may give', async () => {
    const assigner = await holderOf(test, ['users:create', 'roles:assign', 'users:read', 'audit:read']);
    expect((await invite({ ...named(), roles: ['user'] })).status).toBe(201);
    const withRole = await invite({ ...named(), roles: ['auditor'] }, assigner);
    expect(withRole.body.data.user.roles).toEqual(['auditor', 'user']);
    expectFailure(await invite({ ...named(), roles: ['auditor'] }), FORBIDDEN);
    expectFailure(await invite({ ...named(), roles: ['admin'] }, assigner), FORBIDDEN);
    expectInvalid(await invite({ ...named(), roles: ['unheard-of'] }, assigner), 'roles');
    // A repeated invitation administers the account.
    expectFailure(await invite(pick(withRole.body.data.user)), FORBIDDEN);
    const stronger = await createRole(test, ['sessions:manage']);
    expectFailure(await invite({ ...named(), roles: [stronger] }, assigner), FORBIDDEN);
  });

  it.each(['password', 'status', 'emailVerified', 'bio', 'attributes'])('does not take %s', async (field) => {
    expectInvalid(await invite({ ...named(), [field]: PASSWORD }), field);
  });

  it('accepts one of 20 acceptances at once', async () => {
    const names = named();
    await invite(names);
    const token = await mailed(names.email);
    const answers = await inParallel(20, () => accept(token));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 19 });
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    [
      'has been deleted',
      async (id) => {
        const { token } = await test.admin();
        expect((await test.api.delete(`/users/${id}`, { token })).status).toBe(204);
      },
    ],
    [
      'has another email',
      async (id) => {
        const { token } = await test.admin();
        expect((await test.api.patch(`/users/${id}`, { email: newAccount().email }, { token })).status).toBe(200);
      },
    ],
    ['has been suspended', (id) => setStatus(test, id, 'suspended')],
    [
      'was active, and no longer is',
      async (id) => {
        await setStatus(test, id, 'active');
        await setStatus(test, id, 'inactive');
      },
    ],
    [
      'has got a password from an operator',
      async (id) => {
        const { token } = await test.admin();
        const issued = await test.api.post(`/users/${id}/password-reset`, undefined, { token });
        const body = { resetToken: issued.body.data.resetToken, newPassword: OTHER_PASSWORD };
        expect((await test.api.post('/auth/reset-password', body)).status).toBe(200);
      },
    ],
  ])('its link is refused once the account %s', async (_, change) => {
    const names = named();
    const { body } = await invite(names);
    const token = await mailed(names.email);
    await change(body.data.user.id);
    expectFailure(await accept(token), REFUSED);
  });

  it('is a conflict while the account is suspended', async () => {
    const names = named();
    const { body } = await invite(names);
    await setStatus(test, body.data.user.id, 'suspended');
    expectFailure(await invite(names), taken('email', 'Email already exists'));
  });

  it('mails no reset to an account that was made active without a password', async () => {
    const names = named();
    const { body } = await invite(names);
    await setStatus(test, body.data.user.id, 'active');
    await test.api.post('/auth/forgot-password', { email: names.email });
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to }) => to === names.email)).toHaveLength(1);
    expect((await accept(await mailed(names.email))).status).toBe(200);
  });

  it('mails no reset and no verification to an account that was not accepted', async () => {
    const names = named();
    const { body } = await invite(names);
    await test.api.post('/auth/forgot-password', { email: names.email });
    const { token } = await test.admin();
    const asked = await test.api.post(`/users/${body.data.user.id}/verification-email`, undefined, { token });
    expect(asked.status).toBe(409);
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to }) => to === names.email)).toHaveLength(1);
  });

  it('is repeated by an Idempotency-Key without another mail', async () => {
    const names = named();
    const request = { token: inviter.token, headers: { 'idempotency-key': `invite-${names.username}` } };
    const first = await test.api.post('/users/invitations', names, request);
    const again = await test.api.post('/users/invitations', names, request);
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to }) => to === names.email)).toHaveLength(1);
  });
});

function pick({ username, email }: { username: string; email: string }) {
  return { username, email };
}
