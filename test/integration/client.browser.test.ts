import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { SECRETS } from '../support/app.js';
import { openBrowser } from '../support/browser.js';
import { bundleClient, withExpiredAccessToken } from '../support/client-sessions.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

/** What the page's localStorage holds. */
function stored(page: Page): Promise<string> {
  return page.evaluate('Object.values(localStorage).join()');
}

/** Replaces the stored access token by one that has expired. */
async function expire(page: Page): Promise<void> {
  const value = JSON.stringify(withExpiredAccessToken(await stored(page)));
  await page.evaluate(`localStorage.setItem(Object.keys(localStorage)[0], ${value})`);
}

describe('The client on a page of another origin', () => {
  let stores: Stores;
  let app: SpawnedApp;
  let browser: Browser;
  let site: Server;
  let address: string;
  const account = newAccount();
  beforeAll(async () => {
    stores = await createStores();
    const bundle = await readFile(await bundleClient(), 'utf8');
    site = createServer(({ url }, response) => {
      if (url === '/client.mjs') response.setHeader('content-type', 'text/javascript').end(bundle);
      else response.setHeader('content-type', 'text/html').end('<!doctype html><title>A site</title>');
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    app = await spawnApp({ ...stores.env, ...SECRETS, CORS_ORIGIN: address });
    await app.api.post('/users', account);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await killPrograms();
    site.closeAllConnections();
    site.close();
    await stores.remove();
  });

  /** Runs an expression with a new `client` on the page. @returns its value, or the name and reason of the error */
  function use(page: Page, expression: string, delivery = 'cookie'): Promise<unknown> {
    const options = `{ baseUrl: ${JSON.stringify(app.api.origin)}, storage: localStorage, delivery: '${delivery}' }`;
    return page.evaluate(`import('/client.mjs')
      .then(({ createClient }) => ((client) => ${expression})(createClient(${options})))
      .then((value) => value, ({ name, reason }) => ({ name, reason }))`);
  }

  const logIn = `client.login({ email: '${account.email}', password: '${PASSWORD}' }).then((user) => user.username)`;
  const readMe = "client.users.get('me').then((user) => user.username)";
  it('logs in, outlives a reload and the access token, and logs out, with the refresh token in a cookie', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address);
    expect(await use(page, logIn)).toBe(account.username);
    expect(JSON.parse(await stored(page))).toEqual({
      accessToken: expect.any(String),
      refreshToken: null,
      sessionId: expect.any(String),
    });

    await page.reload();
    expect(await use(page, readMe)).toBe(account.username);
    await expire(page);
    const expired = await stored(page);
    const otherTab = await context.newPage();
    await otherTab.goto(address);
    expect(await Promise.all([use(page, readMe), use(otherTab, readMe)])).toEqual(Array(2).fill(account.username));
    expect(await stored(page)).not.toBe(expired);
    expect(JSON.parse(await stored(page))).toMatchObject({ refreshToken: null });
    expect(await use(page, "client.users.update('me', { bio: 'From a page' }).then((user) => user.bio)")).toBe(
      'From a page',
    );

    await expire(page);
    const tokens = JSON.stringify(await stored(page));
    expect(await use(page, 'client.logout()')).toBeUndefined();
    expect(await stored(page)).toBe('');
    await page.reload();
    expect(await use(page, readMe)).toEqual({ name: 'UnauthorizedError', reason: 'no_token' });
    // The session itself has ended, and the cookie is gone.
    await page.evaluate(`localStorage.setItem('user-management-api.session', ${tokens})`);
    expect(await use(page, readMe)).toMatchObject({ name: 'UnauthorizedError' });
    expect(await stored(page)).toBe('');
    await context.close();
  });

  it('keeps both tokens in the storage where the page has no cookie', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address);
    expect(await use(page, logIn, 'body')).toBe(account.username);
    await expire(page);
    await page.reload();
    expect(await use(page, readMe, 'body')).toBe(account.username);
    expect(await use(page, "client.users.getWithETag('me').then(({ etag }) => typeof etag)", 'body')).toBe('string');
    expect(await use(page, 'client.logout()', 'body')).toBeUndefined();
    expect(await stored(page)).toBe('');
    await context.close();
  });
});
