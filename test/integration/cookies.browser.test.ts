import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { SECRETS } from '../support/app.js';
import { openBrowser } from '../support/browser.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

/** An empty page on an origin of its own. */
async function startSite(): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>A site</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('A browser session from another origin', () => {
  let stores: Stores;
  let app: SpawnedApp;
  let browser: Browser;
  let site: { server: Server; port: number };
  const account = newAccount();
  beforeAll(async () => {
    stores = await createStores();
    site = await startSite();
    // The same host under two names: two sites, and for each two origins.
    const allowed = [`http://127.0.0.1:${site.port}`, `http://localhost:${site.port}`].join();
    app = await spawnApp({ ...stores.env, ...SECRETS, CORS_ORIGIN: allowed });
    await app.api.post('/users', account);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await killPrograms();
    site.server.close();
    await stores.remove();
  });

  /** Sends a request from the page, as its script would. @returns the status, `0` where the browser shows no answer */
  function send(page: Page, path: string, headers: Readonly<Record<string, string>>, body?: object): Promise<number> {
    const options = {
      method: 'POST',
      credentials: 'include',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const url = JSON.stringify(`${app.api.origin}/api/v1${path}`);
    return page.evaluate(
      `fetch(${url}, ${JSON.stringify(options)}).then((response) => response.status, () => 0)`,
    ) as Promise<number>;
  }

  const asked = { 'x-requested-with': 'fetch' };
  const credentials = { email: account.email, password: PASSWORD };
  const delivery = { 'x-refresh-token-delivery': 'cookie' };

  it('logs in, refreshes and logs out on the same site, and from an allowed origin alone', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${site.port}/`);
    expect(await send(page, '/auth/login', delivery, credentials)).toBe(200);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await send(page, '/auth/refresh', {})).toBe(401);
    expect(await send(page, '/auth/refresh', asked)).toBe(200);
    expect(await send(page, '/auth/refresh', asked)).toBe(200);

    const other = await startSite();
    const foreign = await context.newPage();
    await foreign.goto(`http://127.0.0.1:${other.port}/`);
    // The preflight is refused: the browser sends nothing.
    expect(await send(foreign, '/auth/refresh', asked)).toBe(0);
    expect(await send(foreign, '/auth/logout', {})).toBe(0);
    other.server.close();

    expect(await send(page, '/auth/refresh', asked)).toBe(200);
    expect(await send(page, '/auth/logout', asked)).toBe(204);
    expect(await send(page, '/auth/refresh', asked)).toBe(401);
    await context.close();
  });

  it('is not carried from another site: the cookie is SameSite=Strict', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${site.port}/`);
    expect(await send(page, '/auth/login', delivery, credentials)).toBe(200);
    // localhost is another site than 127.0.0.1, and allowed by CORS.
    const elsewhere = await context.newPage();
    await elsewhere.goto(`http://localhost:${site.port}/`);
    expect(await send(elsewhere, '/auth/refresh', asked)).toBe(401);
    expect(await send(page, '/auth/refresh', asked)).toBe(200);
    await context.close();
  });
});
