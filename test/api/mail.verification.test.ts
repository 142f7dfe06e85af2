import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { holderOf, setStatus, verifyEmail } from '../support/accounts.js';
import { login, register, type TestApp } from '../support/app.js';
import { CONFLICT, expectFailure, FORBIDDEN, NO_USER, statusCounts } from '../support/answers.js';
import { auditLogs, entryOf } from '../support/audit.js';
import { newAccount, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { fromAnywhere, type Mailbox, mailsSettled, startWithMail, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';

const REFUSED = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: 'Invalid or expired verification token',
  reason: 'invalid_token',
} as const;

async function create(test: TestApp) {
  const account = newAccount();
  const { body } = await test.api.post('/users', account, { headers: fromAnywhere() });
  return { ...account, id: String(body.data.user.id) };
}

describe('A verification of an email', () => {
  let test: TestApp;
  let mailbox: Mailbox;
  let admin: Session;
  beforeAll(async () => {
    ({ test, mailbox } = await startWithMail({ TRUST_PROXY: '127.0.0.1', NEW_DEVICE_NOTICE: 'on' }));
    admin = await test.admin();
  });
  afterAll(() => mailbox.close());

  const verify = (token: string) => test.api.post('/auth/verify-email', { token });
  const request = (id: string, token: string) =>
    test.api.post(`/users/${id}/verification-email`, undefined, { token, headers: fromAnywhere() });
  const mailed = async (email: string, count = 1) => (await mailbox.next(email, SUBJECTS.verification, count)).token;

  it('follows a registration, and its link works once', async () => {
    const { id, email } = await create(test);
    const { link } = await mailbox.next(email, SUBJECTS.verification);
    const token = await mailed(email);
    expect(link).toBe(`http://localhost:3000/account/verify-email#token=${token}`);
    const { status, body, headers } = await verify(` ${token} `);
    expect(status).toBe(200);
    expect(body).toMatchObject({ message: 'Email verified', data: { user: { id, email, emailVerified: true } } });
    expect(headers.get('etag')).toMatch(/^"\w+"$/);
    expectFailure(await verify(token), REFUSED);
    const entries = await auditLogs(test, { targetId: id, action: 'user.email_verified' });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ actor: { type: 'anonymous' }, changes: { emailVerified: { after: true } } });
  });

  it('takes one of 20 redemptions at once', async () => {
    const { email } = await create(test);
    const token = await mailed(email);
    const answers = await inParallel(20, () => verify(token));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 19 });
  });

  it('may be asked for again, by oneself and by holders of users:update; the links stay good until one is used', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    const first = await mailed(account.email);
    expect(await request('me', ada.token)).toMatchObject({ status: 202, body: { success: true, data: null } });
    const support = await holderOf(test, ['users:update']);
    const asked = await request(ada.user.id, support.token);
    expect(asked.status).toBe(202);
    expect(await entryOf(test, asked)).toMatchObject({
      action: 'user.verification_requested',
      actor: { id: support.user.id },
      target: { id: ada.user.id },
    });
    const [second, third] = [await mailed(account.email, 2), await mailed(account.email, 3)];
    expect((await verify(second)).status).toBe(200);
    for (const token of [first, third]) expectFailure(await verify(token), REFUSED);
    expectFailure(await request('me', ada.token), CONFLICT);
    const other = await register(test.api, newAccount());
    expectFailure(await request(ada.user.id, other.token), FORBIDDEN);
    expectFailure(await request('00000000-0000-7000-8000-000000000000', support.token), NO_USER);
  });

  it('is mailed three times an hour at most; an administrator’s word ends the need for it', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    for (let count = 0; count < 4; count += 1) expect((await request('me', ada.token)).status).toBe(202);
    await mailsSettled(test);
    const mails = (await mailbox.all()).filter(({ to }) => to === account.email);
    expect(mails.filter(({ subject }) => subject === SUBJECTS.verification)).toHaveLength(3);
    await verifyEmail(test, ada.user.id);
    const answer = await verify(mails[0]?.token ?? '');
    expect(answer).toMatchObject({ status: 200, body: { data: { user: { emailVerified: true } } } });
  });

  it('is for the email that it was sent to: a change ends it, and tells both addresses', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    const before = await mailed(account.email);
    const email = newAccount().email;
    const body = { email, currentPassword: PASSWORD };
    expect((await test.api.patch('/users/me', body, { token: ada.token })).status).toBe(200);
    expectFailure(await verify(before), REFUSED);
    for (const to of [account.email, email]) {
      const notice = await mailbox.next(to, SUBJECTS.emailChanged);
      expect([notice.link, notice.text.includes(email)]).toEqual(['', false]);
    }
    expect((await verify(await mailed(email))).status).toBe(200);
    // Another spelling is the same address.
    const spelled = { email: email.toUpperCase() };
    expect((await test.api.patch('/users/me', spelled, { token: ada.token })).status).toBe(200);
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to }) => to === email.toUpperCase())).toEqual([]);
  });

  it('is not for an account that is not active', async () => {
    const { id, email } = await create(test);
    const token = await mailed(email);
    await setStatus(test, id, 'suspended');
    expectFailure(await verify(token), REFUSED);
    expectFailure(await request(id, admin.token), CONFLICT);
  });

  it('is not needed by the first admin, who gets no such mail', async () => {
    expect((await test.api.get('/users/me', { token: admin.token })).body.data.user.emailVerified).toBe(true);
    const mails = (await mailbox.all()).filter(({ to }) => to === admin.user.email);
    expect(mails.filter(({ subject }) => subject === SUBJECTS.verification)).toEqual([]);
  });

  it('a login from a new device is told to the owner, but for the first one and for known devices', async () => {
    const account = await create(test);
    const credentials = { email: account.email, password: PASSWORD };
    const first = await test.api.post('/auth/login', credentials);
    const headers = { 'x-device-token': first.headers.get('x-device-token') ?? '' };
    expect((await test.api.post('/auth/login', credentials, { headers })).status).toBe(200);
    expect((await test.api.post('/auth/login', credentials, { headers: fromAnywhere() })).status).toBe(200);
    const notice = await mailbox.next(account.email, SUBJECTS.newDevice);
    expect(notice.text).toMatch(/IP address 10\.1\.\d+\.\d+\)/);
    await mailsSettled(test);
    expect(
      (await mailbox.all()).filter(({ to, subject }) => to === account.email && subject === SUBJECTS.newDevice),
    ).toHaveLength(1);
  });

  it('notices reach the owner whatever else the address has asked for, and although the account was deleted at once', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    const headers = { 'x-forwarded-for': '10.8.8.8' };
    for (let count = 0; count < 21; count += 1) {
      await test.api.post('/auth/forgot-password', { email: `unknown${count}@example.com` }, { headers });
    }
    await mailsSettled(test);
    const email = { email: newAccount().email, currentPassword: PASSWORD };
    expect((await test.api.patch('/users/me', email, { token: ada.token, headers })).status).toBe(200);
    expect((await test.api.delete('/users/me', { token: ada.token, headers })).status).toBe(204);
    await mailbox.next(account.email, SUBJECTS.emailChanged);
  });

  it('an email that changes again and again is told to three former and three new addresses an hour', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    for (let count = 0; count < 5; count += 1) {
      const body = { email: newAccount().email, currentPassword: PASSWORD };
      const asAda = { token: ada.token, headers: fromAnywhere() };
      expect((await test.api.patch('/users/me', body, asAda)).status).toBe(200);
    }
    await mailsSettled(test);
    const notices = (await mailbox.all()).filter(
      ({ subject, text }) => subject === SUBJECTS.emailChanged && text.includes(`Hello ${account.username},`),
    );
    expect(notices).toHaveLength(6);
  });

  it('a new password is told to the owner, also when a reset set it', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    const body = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    expect((await test.api.put('/users/me/password', body, { token: ada.token })).status).toBe(200);
    const { text } = await mailbox.next(account.email, SUBJECTS.passwordChanged);
    expect(text).toMatch(/was changed on \w+ \d+, \d{4} at .+ UTC\./);
    const issued = await test.api.post(`/users/${ada.user.id}/password-reset`, undefined, { token: admin.token });
    const reset = { resetToken: issued.body.data.resetToken, newPassword: PASSWORD };
    expect((await test.api.post('/auth/reset-password', reset)).status).toBe(200);
    await mailbox.next(account.email, SUBJECTS.passwordChanged, 2);
  });
});

describe('EMAIL_VERIFICATION=required', () => {
  let test: TestApp;
  let mailbox: Mailbox;
  beforeAll(async () => {
    ({ test, mailbox } = await startWithMail({ TRUST_PROXY: '127.0.0.1', EMAIL_VERIFICATION: 'required' }));
  });
  afterAll(() => mailbox.close());

  const attempt = (email: string, password = PASSWORD) =>
    test.api.post('/auth/login', { email, password }, { headers: fromAnywhere() });

  it('refuses the right password of an unverified account, and mails another link', async () => {
    const account = await create(test);
    const { token: first } = await mailbox.next(account.email, SUBJECTS.verification);
    expectFailure(await attempt(account.email), {
      status: 403,
      code: 'EMAIL_NOT_VERIFIED',
      message: 'Email not verified',
    });
    expectFailure(await attempt(account.email, OTHER_PASSWORD), { status: 401, code: 'UNAUTHORIZED' });
    const { token } = await mailbox.next(account.email, SUBJECTS.verification, 2);
    expect(token).not.toBe(first);
    expect((await test.api.post('/auth/verify-email', { token })).status).toBe(200);
    const session = await login(test.api, account);
    const { token: adminToken } = await test.admin();
    // A change of the email ends no session, and the next login.
    const { email } = newAccount();
    expect((await test.api.patch(`/users/${account.id}`, { email }, { token: adminToken })).status).toBe(200);
    expect((await test.api.get('/users/me', { token: session.token })).status).toBe(200);
    expectFailure(await attempt(email), { status: 403, code: 'EMAIL_NOT_VERIFIED' });
  });

  it('lets in who has reset the password by mail', async () => {
    const { email } = await create(test);
    await test.api.post('/auth/forgot-password', { email }, { headers: fromAnywhere() });
    const { token: resetToken } = await mailbox.next(email, SUBJECTS.reset);
    const body = { resetToken, newPassword: OTHER_PASSWORD };
    expect((await test.api.post('/auth/reset-password', body)).status).toBe(200);
    expect((await attempt(email, OTHER_PASSWORD)).status).toBe(200);
  });

  it('refuses suspended accounts as ever', async () => {
    const { id, email } = await create(test);
    await setStatus(test, id, 'suspended');
    expectFailure(await attempt(email), FORBIDDEN);
  });
});
