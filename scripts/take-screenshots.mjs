// Takes the pictures of the explorer in docs/images: node scripts/take-screenshots.mjs. Needs a Chromium.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const PORT = 3917;
const ORIGIN = `http://127.0.0.1:${PORT}`;
const ACCOUNT = {
  username: 'adalovelace',
  email: 'ada@example.com',
  password: 'Correct-horse-7-battery!',
  firstName: 'Ada',
  lastName: 'Lovelace',
};
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

const folder = mkdtempSync(join(tmpdir(), 'uma-screenshots-'));
const server = spawn(process.execPath, ['dist/main.js'], {
  env: { PATH: process.env.PATH, DATA_DIR: folder, PORT: String(PORT), LOG_LEVEL: 'silent' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  await register();
  mkdirSync(IMAGES, { recursive: true });
  await picture('explorer.png', DESKTOP, async (page) => {
    await page.locator('#operations-Users-getUser .opblock-summary-control').click();
    await page.getByPlaceholder('id', { exact: true }).fill('me');
    await page.getByRole('button', { name: 'Execute' }).click();
    const answer = page.locator('.live-responses-table');
    await answer.waitFor();
    await scrollTo(answer);
  });
  await picture('explorer-dark.png', { ...DESKTOP, colorScheme: 'dark' }, async (page) => {
    await page.getByRole('button', { name: 'My profile' }).click();
    await page.locator('#fields dd').first().waitFor();
  });
  await picture('explorer-phone.png', PHONE, async (page) => {
    await scrollTo(page.locator('#operations-tag-Users'));
    await page.mouse.move(0, 0);
  });
} finally {
  await browser.close();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function register() {
  for (let tries = 0; tries < 100; tries += 1) {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(ACCOUNT);
    const answer = await fetch(`${ORIGIN}/api/v1/users`, { method: 'POST', headers, body }).catch(() => undefined);
    if (answer?.status === 201) return;
    await sleep(200);
  }
  throw new Error('The server did not start');
}

/** A picture of the explorer with a user who is logged in. */
async function picture(file, options, prepare) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/docs`);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByLabel('Email or username').fill(ACCOUNT.username);
  await page.getByLabel('Password', { exact: true }).fill(ACCOUNT.password);
  await page.getByRole('dialog').getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'My profile' }).waitFor();
  await prepare(page);
  await page.screenshot({ path: join(IMAGES, file), animations: 'disabled' });
  await context.close();
}

async function scrollTo(locator) {
  await locator.evaluate((element) => {
    const { top } = element.getBoundingClientRect();
    // Below the header, which has two rows on a phone.
    globalThis.scrollTo(0, top + globalThis.scrollY - 100);
  });
}
