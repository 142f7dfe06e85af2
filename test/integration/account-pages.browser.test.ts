import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { login, SECRETS } from '../support/app.js';
import { openBrowser } from '../support/browser.js';
import { ADMIN, newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { MailServer, nextOf, readFolder, SUBJECTS } from '../support/mail.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, onServers, type Stores } from '../support/stores.js';

describe('The page behind the link of a mail', () => {
  let stores: Stores;
  let app: SpawnedApp;
  let server: MailServer | undefined;
  let browser: Browser;
  beforeAll(async () => {
    stores = await createStores();
    server = onServers ? await MailServer.start() : undefined;
    const { email, username, password } = ADMIN;
    app = await spawnApp({
      ...stores.env,
      ...SECRETS,
      ...(server === undefined ? {} : { MAIL_URL: server.url }),
      ADMIN_EMAIL: email,
      ADMIN_USERNAME: username,
      ADMIN_PASSWORD: password,
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await killPrograms();
    await server?.stop();
    await stores.remove();
  });

  const mails = async () => server?.received ?? readFolder(join(stores.env['DATA_DIR'] ?? '', 'mail'));
  const linkTo = async (email: string, subject: string) => (await nextOf(mails, email, subject)).link;

  /** Opens a page, and fails on anything that its Content Security Policy blocks, and on errors of its script. */
  async function open(link: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage(options);
    page.on('pageerror', (error) => {
      throw error;
    });
    page.on('console', (message) => {
      // The failed request itself, which the page shows in its own words.
      if (message.type() === 'error' && !message.text().includes('status of 40')) throw new Error(message.text());
    });
    await page.goto(link);
    return page;
  }

  it('takes a forgotten password to a login with the new one', async () => {
    const account = newAccount();
    expect((await app.api.post('/users', account)).status).toBe(201);
    expect((await app.api.post('/auth/forgot-password', { email: account.email })).status).toBe(202);
    const link = await linkTo(account.email, SUBJECTS.reset);
    const page = await open(link, { viewport: { width: 390, height: 844 } });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await expect(page.title()).resolves.toBe('Choose a new password – User Management API');
    // By keyboard alone.
    await page.keyboard.press('Tab');
    await page.keyboard.type('short');
    await page.keyboard.press('Enter');
    await page.getByText('Password must be at least 8 characters').waitFor();
    const field = page.getByLabel('Password', { exact: true });
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill(OTHER_PASSWORD);
    await page.getByLabel('Show the password').check();
    expect(await field.getAttribute('type')).toBe('text');
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await page.getByText('Your password is set.').waitFor();
    expect(page.url()).not.toContain('token');
    await page.reload();
    await page.getByText('Your password is set.').waitFor();
    await login(app.api, { ...account, password: OTHER_PASSWORD });
    // The same link again, as from another tab.
    const again = await open(link);
    await again.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await again.getByRole('button').click();
    await again.getByText('Invalid or expired reset token. The link may have been used already.').waitFor();
    expect(await again.getByRole('button').isVisible()).toBe(false);
    await Promise.all([page.close(), again.close()]);
  });

  it('verifies an email when the button is pressed, and not when the page is opened', async () => {
    const account = newAccount();
    expect((await app.api.post('/users', account)).status).toBe(201);
    const link = await linkTo(account.email, SUBJECTS.verification);
    for (let count = 0; count < 20; count += 1) {
      for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method })).status).toBe(200);
    }
    const page = await open(link, { locale: 'de-DE', colorScheme: 'dark' });
    const { token } = await login(app.api, account);
    const verified = async () => (await app.api.get('/users/me', { token })).body.data.user.emailVerified;
    expect([await page.locator('html').getAttribute('lang'), await verified()]).toEqual(['de', false]);
    expect(await page.getByLabel('Passwort').count()).toBe(0);
    await page.getByRole('button', { name: 'E-Mail-Adresse bestätigen' }).click();
    await page.getByText('Ihre E-Mail-Adresse ist bestätigt.').waitFor();
    expect(await verified()).toBe(true);
    await page.close();
  });

  it('lets an invited user choose a password', async () => {
    const { token } = await login(app.api, ADMIN);
    const { username, email } = newAccount();
    expect((await app.api.post('/users/invitations', { username, email }, { token })).status).toBe(201);
    const page = await open(await linkTo(email, SUBJECTS.invitation));
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button').click();
    await page.getByText('Your account is ready.').waitFor();
    await login(app.api, { username, email, password: PASSWORD });
    await page.close();
  });

  it('says so where the link is cut off, or the server is away', async () => {
    const page = await open(`${app.api.origin}/account/verify-email`);
    await page.getByText('This link is incomplete. Open the whole link from the mail.').waitFor();
    expect(await page.getByRole('button').isVisible()).toBe(false);
    // In the same tab, only the fragment changes.
    await page.goto(`${app.api.origin}/account/verify-email#token=abc`);
    await page.getByRole('button').waitFor();
    await page.route('**/auth/verify-email', (route) => route.abort());
    page.removeAllListeners('console');
    await page.getByRole('button').click();
    await page.getByText('The server could not be reached. Please try again.').waitFor();
    await page.close();
  });

  it.each(['reset-password', 'verify-email', 'accept-invitation'])(
    '%s loads nothing from elsewhere, runs no inline script, and tells no other site where it was',
    async (name) => {
      const { status, headers, text } = await app.api.get(`//account/${name}`);
      expect(status).toBe(200);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('ratelimit-limit')).toBeNull();
      expect(text).not.toMatch(/<script(?![^>]* src=)|style=|https?:/);
      expect((await app.api.post(`//account/${name}`, {})).status).toBe(405);
      const unknown = await app.api.get(`//account/${name}/x`);
      expect([unknown.status, unknown.headers.get('ratelimit-limit')]).toEqual([404, null]);
    },
  );
});
