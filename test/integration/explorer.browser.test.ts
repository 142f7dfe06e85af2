import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core';
import { SECRETS } from '../support/app.js';
import { openBrowser } from '../support/browser.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a page did while a test used it. */
interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  /** The method and path of each request. */
  readonly requests: string[];
  /** Errors of scripts and of the console, requests to other hosts, and what the policy blocked. */
  readonly faults: string[];
}

/** A proxy's answer while the server is away. */
const BAD_GATEWAY = { status: 502, contentType: 'text/html', body: '<!doctype html><title>Bad gateway</title>' };

/** Without what the browser itself writes about an answer that is a failure. */
function ofScripts(faults: readonly string[]): string[] {
  return faults.filter((fault) => !fault.startsWith('Failed to load resource'));
}

async function logIn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByLabel('Email or username').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('dialog').getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'My profile' }).waitFor();
}

describe('The explorer in a browser', () => {
  let stores: Stores;
  let app: SpawnedApp;
  let browser: Browser;
  const account = newAccount();
  const other = newAccount();
  beforeAll(async () => {
    stores = await createStores();
    app = await spawnApp({ ...stores.env, ...SECRETS, API_DOCS: 'true' });
    await app.api.post('/users', account);
    await app.api.post('/users', other);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await killPrograms();
    await stores.remove();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Watched> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const requests: string[] = [];
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('request', (request) => {
      const { origin, pathname, protocol } = new URL(request.url());
      requests.push(`${request.method()} ${pathname}`);
      if (protocol !== 'data:' && origin !== app.api.origin) faults.push(request.url());
    });
    await page.goto(`${app.api.origin}/docs`);
    await page.getByText('Register a user').waitFor();
    return { page, context, requests, faults };
  }

  it('shows one’s own profile after three clicks and two typed fields', async () => {
    const { page, context, faults } = await open();
    await expect(page.title()).resolves.toBe('User Management API');
    await logIn(page, account.email);
    await page.getByRole('button', { name: 'My profile' }).click();
    await page.getByRole('dialog').getByText(account.email).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('stays logged in over a reload, keeps no token in any storage, and asks for none where there was no login', async () => {
    const { page, context, requests, faults } = await open();
    expect(requests.filter((request) => request.includes('/auth/'))).toEqual([]);
    await logIn(page, account.username);
    await page.reload();
    await page.getByRole('button', { name: 'My profile' }).waitFor();
    await page.getByRole('status').getByText(account.username).waitFor();
    const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(stored).toBe('[{"explorer.logged-in":"1"},{},""]');
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    expect((await context.cookies()).filter(({ name }) => name === 'refresh')).toEqual([]);
    requests.length = 0;
    await page.reload();
    await page.getByText('Register a user').waitFor();
    expect(requests.filter((request) => request.includes('/auth/'))).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('sends the operations as the user who is logged in, and shows each as a curl command', async () => {
    const { page, context, faults } = await open();
    await logIn(page, account.email);
    await page.getByRole('button', { name: 'get /api/v1/users/{id}', exact: true }).click();
    const operation = page.locator('#operations-Users-getUser');
    await operation.getByPlaceholder('id').fill('me');
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.getByText(`"username": "${account.username}"`).first().waitFor();
    expect(await operation.locator('.curl').textContent()).toMatch(/^curl .*\/users\/me.*Authorization: Bearer /s);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('says what is wrong with a login, in the API’s own words, and when the server does not answer', async () => {
    const { page, context, faults } = await open();
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByLabel('Email or username').fill(account.email);
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Invalid credentials').waitFor();
    await page.route('**/auth/login', async (route) => route.fulfill(BAD_GATEWAY));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The server answered with status 502.').waitFor();
    await page.route('**/auth/login', async (route) => route.abort());
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The server could not be reached.').waitFor();
    expect(ofScripts(faults)).toEqual([]);
    await context.close();
  });

  it('shows at once that another tab has logged out, and logged in as another user', async () => {
    const { page, context, faults } = await open();
    await logIn(page, account.username);
    const second = await context.newPage();
    await second.goto(`${app.api.origin}/docs`);
    await second.getByRole('status').getByText(account.username).waitFor();
    await second.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    await logIn(second, other.username);
    await page.getByRole('status').getByText(other.username).waitFor();
    await page.getByRole('button', { name: 'My profile' }).click();
    await page.getByRole('dialog').getByText(other.email).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('renews its tokens every five seconds at most, and shows the user whose tokens they are', async () => {
    const { page, context, requests, faults } = await open();
    await page.route('**/auth/login', async (route) => {
      const response = await route.fetch();
      const { data } = (await response.json()) as { data: object };
      await route.fulfill({ response, json: { data: { ...data, expiresIn: 1 } } });
    });
    await logIn(page, account.username);
    const start = Date.now();
    // Another cookie, of which no storage tells this page.
    await context.request.post(`${app.api.origin}/api/v1/auth/login`, {
      headers: { 'x-refresh-token-delivery': 'cookie' },
      data: { email: other.email, password: PASSWORD },
    });
    await page.getByRole('status').getByText(other.username).waitFor();
    expect(Date.now() - start).toBeGreaterThan(4_000);
    expect(requests.filter((request) => request.endsWith('/auth/refresh'))).toHaveLength(1);
    await page.getByRole('button', { name: 'My profile' }).click();
    await page.getByRole('dialog').getByText(other.email).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('stays logged in, and says so, while the server does not log out', async () => {
    const { page, context, faults } = await open();
    await logIn(page, account.username);
    const logOut = page.getByRole('button', { name: 'Log out', exact: true });
    for (const fail of [
      async (route: Route) => route.fulfill({ status: 503, json: {} }),
      async (route: Route) => route.abort(),
    ]) {
      await page.route('**/auth/logout', fail);
      await logOut.click();
      await page.getByRole('status').getByText('Not logged out: the server did not answer. Try again.').waitFor();
      expect(await page.getByRole('button', { name: 'My profile' }).isVisible()).toBe(true);
    }
    await page.unrouteAll();
    await logOut.click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    expect(await page.getByRole('status').textContent()).toMatch(/^\s*$/);
    expect((await context.cookies()).filter(({ name }) => name === 'refresh')).toEqual([]);
    expect(ofScripts(faults)).toEqual([]);
    await context.close();
  });

  it('keeps a login over a reload while the server does not answer, and shows it when it does again', async () => {
    const { page, context, faults } = await open();
    await logIn(page, account.username);
    for (const path of ['/auth/refresh', '/users/me']) {
      await page.route(`**${path}`, async (route) => route.fulfill(BAD_GATEWAY));
      await page.reload();
      await page.getByRole('status').getByText('The server does not answer. Trying again.').waitFor();
      await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
      await page.getByRole('button', { name: 'Log out', exact: true }).waitFor();
      await page.unrouteAll();
      await page.getByRole('status').getByText(account.username, { exact: true }).waitFor();
      await page.getByRole('button', { name: 'My profile' }).waitFor();
    }
    expect(ofScripts(faults)).toEqual([]);
    await context.close();
  });

  it('works where the browser blocks the site’s data', async () => {
    const { page, context, faults } = await open();
    await page.addInitScript(`Object.defineProperty(window, 'localStorage', {
      get() { throw new DOMException('Access is denied', 'SecurityError'); } })`);
    await page.reload();
    await logIn(page, account.username);
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('is used by keyboard alone', async () => {
    const { page, context, faults } = await open();
    const focused = async () =>
      page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()');
    const stops = [];
    for (let stop = 0; stop < 12; stop += 1) {
      await page.keyboard.press('Tab');
      stops.push(await focused());
    }
    expect(stops).not.toContain('');
    await page.getByRole('button', { name: 'Log in', exact: true }).press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('name');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await focused()).toBe('Log in');
    await page.keyboard.press('Enter');
    await page.keyboard.type(account.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'My profile' }).waitFor();
    expect(await focused()).toBe('My profile');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText(account.email).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('profile-title');
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('My profile');
    expect(faults).toEqual([]);
    await context.close();
  });

  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('fits %i pixels in %s, without a serious finding of axe', async (width, colorScheme) => {
    const { page, context, faults } = await open({ viewport: { width, height: 800 }, colorScheme });
    await page.getByRole('button', { name: 'post /api/v1/auth/login', exact: true }).click();
    await page.locator('#operations-Auth-login').getByRole('button', { name: 'Execute' }).waitFor();
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await page.evaluate(AXE);
    const findings = await page.evaluate(`axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(' | ')))`);
    expect(findings).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});
