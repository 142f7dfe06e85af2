import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setStatus, verifyEmail } from '../support/accounts.js';
import { login, register, type TestApp } from '../support/app.js';
import { expectFailure, statusCounts } from '../support/answers.js';
import { auditLogs } from '../support/audit.js';
import { newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { allRows, fromAnywhere, type Mailbox, mailsSettled, startWithMail, SUBJECTS } from '../support/mail.js';
import { inParallel } from '../support/parallel.js';

const REFUSED = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: 'Invalid or expired reset token',
  reason: 'invalid_token',
} as const;

describe('POST /auth/forgot-password', () => {
  let test: TestApp;
  let mailbox: Mailbox;
  beforeAll(async () => {
    ({ test, mailbox } = await startWithMail({ TRUST_PROXY: '127.0.0.1' }));
  });
  afterAll(() => mailbox.close());

  const forget = (email: string, headers: Readonly<Record<string, string>> = {}) =>
    test.api.post('/auth/forgot-password', { email }, { headers: { ...fromAnywhere(), ...headers } });
  const redeem = (resetToken: string, newPassword = OTHER_PASSWORD) =>
    test.api.post('/auth/reset-password', { resetToken, newPassword });
  const create = async () => {
    const account = newAccount();
    const { body } = await test.api.post('/users', account, { headers: fromAnywhere() });
    return { ...account, id: String(body.data.user.id) };
  };
  const mailed = async (email: string, count = 1) => (await mailbox.next(email, SUBJECTS.reset, count)).token;

  it('mails a link that sets a new password once, ends every session and verifies the email', async () => {
    const account = newAccount();
    const ada = await register(test.api, account);
    const answer = await forget(account.email.toUpperCase());
    expect([answer.status, answer.body]).toEqual([
      202,
      { success: true, data: null, message: 'If the account exists, an email is on its way' },
    ]);
    const { token, text, html, link } = await mailbox.next(account.email, SUBJECTS.reset);
    expect(link).toBe(`http://localhost:3000/account/reset-password#token=${token}`);
    expect(token).toMatch(/^[\w-]{43}$/);
    for (const part of [text, html]) {
      expect(part).toContain(account.username);
      expect(part).toContain(link);
    }
    expectFailure(await redeem(token, 'short'), { status: 400, code: 'VALIDATION_ERROR' });
    expect(await redeem(token)).toMatchObject({ status: 200, body: { message: 'Password updated successfully' } });
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(401);
    expectFailure(await redeem(token, PASSWORD), REFUSED);
    const again = await login(test.api, { ...account, password: OTHER_PASSWORD });
    expect((await test.api.get('/users/me', { token: again.token })).body.data.user.emailVerified).toBe(true);
    const notice = await mailbox.next(account.email, SUBJECTS.passwordChanged);
    expect([notice.link, notice.token]).toEqual(['', '']);
  });

  it('answers the same for unknown, suspended, inactive and deleted accounts, and mails only active ones', async () => {
    const accounts = await Promise.all(['suspended', 'inactive', 'deleted', 'active'].map(() => create()));
    const [suspended, inactive, deleted, active] = accounts;
    const { token } = await test.admin();
    await setStatus(test, suspended?.id ?? '', 'suspended');
    await setStatus(test, inactive?.id ?? '', 'inactive');
    expect((await test.api.delete(`/users/${deleted?.id}`, { token })).status).toBe(204);
    const emails = [...accounts.map(({ email }) => email), 'unknown@example.com'];
    const answers = await Promise.all(emails.map((email) => forget(email)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    await mailed(active?.email ?? '');
    const resets = (await mailbox.all()).filter(({ subject, to }) => subject === SUBJECTS.reset && emails.includes(to));
    expect(resets.map(({ to }) => to)).toEqual([active?.email]);
  });

  it('keeps every unexpired link good until one is used', async () => {
    const { email } = await create();
    for (let count = 0; count < 2; count += 1) await forget(email);
    const [first, second] = [await mailed(email, 1), await mailed(email, 2)];
    expect((await redeem(first)).status).toBe(200);
    expectFailure(await redeem(second), REFUSED);
  });

  it.each<[string, (account: { id: string; email: string }) => Promise<unknown>]>([
    [
      'the password',
      async ({ email }) => {
        const { token } = await login(test.api, { username: '', email, password: PASSWORD });
        const body = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
        expect((await test.api.put('/users/me/password', body, { token })).status).toBe(200);
      },
    ],
    [
      'the email',
      async ({ id }) => {
        const { token } = await test.admin();
        expect((await test.api.patch(`/users/${id}`, { email: newAccount().email }, { token })).status).toBe(200);
      },
    ],
  ])('ends a link when %s changes', async (_, change) => {
    const account = await create();
    await forget(account.email);
    const token = await mailed(account.email);
    await change(account);
    expectFailure(await redeem(token), REFUSED);
  });

  it('refuses the link of an account that has been suspended since, and takes it once the account is active', async () => {
    const { id, email } = await create();
    await forget(email);
    const token = await mailed(email);
    await setStatus(test, id, 'suspended');
    expectFailure(await redeem(token), REFUSED);
    await setStatus(test, id, 'active');
    expect((await redeem(token)).status).toBe(200);
  });

  it('keeps mailed and operators’ tokens apart: neither kind ends the other', async () => {
    const { id, email } = await create();
    const { token } = await test.admin();
    const issued = await test.api.post(`/users/${id}/password-reset`, undefined, { token });
    await forget(email);
    const mail = await mailed(email);
    expectFailure(await test.api.post('/auth/verify-email', { token: mail }), {
      status: 401,
      code: 'UNAUTHORIZED',
      message: 'Invalid or expired verification token',
    });
    expect((await redeem(issued.body.data.resetToken)).status).toBe(200);
    // A new password ends them all.
    expectFailure(await redeem(mail), REFUSED);
  });

  it('accepts one of 20 redemptions at once', async () => {
    const { email } = await create();
    await forget(email);
    const token = await mailed(email);
    const answers = await inParallel(20, () => redeem(token));
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 19 });
  });

  it('builds the link from the configuration, whatever the headers say', async () => {
    const { email } = await create();
    const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'gopher', forwarded: 'host=evil.test' };
    expect((await forget(email, headers)).status).toBe(202);
    expect((await mailbox.next(email, SUBJECTS.reset)).link).toMatch(/^http:\/\/localhost:3000\/account\//);
  });

  it('writes in the language that the client prefers', async () => {
    for (const [accepted, subject] of [
      ['de-AT, en;q=0.5', 'Neues Passwort wählen'],
      ['pt, es;q=0.7, en;q=0.3', 'Elija una contraseña nueva'],
      ['fr', 'Choisissez un nouveau mot de passe'],
      ['x'.repeat(300), SUBJECTS.reset],
    ] as const) {
      const { email } = await create();
      await forget(email, { 'accept-language': accepted });
      expect((await mailbox.next(email, subject)).link).not.toBe('');
    }
  });

  it('mails an account three times an hour, and takes further requests in silence', async () => {
    const { email } = await create();
    const other = await create();
    for (let count = 0; count < 5; count += 1) expect((await forget(email)).status).toBe(202);
    await mailed(email, 3);
    await forget(other.email);
    await mailed(other.email);
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to, subject }) => to === email && subject === SUBJECTS.reset)).toHaveLength(
      3,
    );
  });

  it('sends 20 mails an hour for requests from one address, registrations among them', async () => {
    const headers = { 'x-forwarded-for': '10.9.9.9' };
    const accounts = Array.from({ length: 12 }, () => newAccount());
    for (const account of accounts) expect((await test.api.post('/users', account, { headers })).status).toBe(201);
    for (const { email } of accounts) {
      expect((await test.api.post('/auth/forgot-password', { email }, { headers })).status).toBe(202);
    }
    await mailsSettled(test);
    const emails = new Set(accounts.map(({ email }) => email));
    expect((await mailbox.all()).filter(({ to }) => emails.has(to))).toHaveLength(20);
  });

  it('counts requests for unknown emails like those for known ones', async () => {
    const headers = { 'x-forwarded-for': '10.9.9.8' };
    for (let count = 0; count < 20; count += 1) {
      expect((await forget(`unknown${count}@example.com`, headers)).status).toBe(202);
    }
    await mailsSettled(test);
    const { email } = await create();
    await forget(email, headers);
    await mailsSettled(test);
    expect((await mailbox.all()).filter(({ to, subject }) => to === email && subject === SUBJECTS.reset)).toEqual([]);
  });

  it('is audited with the account, and the request that asked', async () => {
    const { id, email } = await create();
    const { headers } = await forget(email);
    await mailed(email);
    const requestId = headers.get('x-request-id') ?? '';
    const [entry, ...others] = await auditLogs(test, { requestId });
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      action: 'user.password_reset_requested',
      outcome: 'success',
      actor: { id: null, type: 'anonymous' },
      target: { type: 'user', id },
      ip: expect.stringMatching(/^10\.1\./),
    });
  });

  it('leaves no token in the database, the audit log or the outbox', async () => {
    const { id, email } = await create();
    await verifyEmail(test, id);
    await forget(email);
    const token = await mailed(email);
    const rows = await allRows(test);
    expect(rows).toContain(id);
    expect(rows).not.toContain(token);
    expect(JSON.stringify(await auditLogs(test))).not.toContain(token);
  });
});
