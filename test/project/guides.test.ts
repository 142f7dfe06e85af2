import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS, startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/factories.js';
import { comparable, comparableWith, printedBy, readSteps } from '../support/pages.js';
import { newEcKey, pemOf } from '../support/signing-keys.js';
import { newFolder } from '../support/stores.js';

const GUIDES = 'docs/guides';
/** Links to other pages and to headings. */
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g;
const pages = (await readdir(GUIDES)).filter((name) => name !== 'README.md');

describe('The guides', () => {
  let test: TestApp;
  beforeAll(async () => {
    // With the limits of a server that is configured as the README says, as the pages show them.
    test = await startApp({
      ADMIN_USERNAME: 'admin',
      RATE_LIMIT_MAX_REQUESTS: '100',
      AUTH_RATE_LIMIT_MAX: '5',
      JWT_PRIVATE_KEY: pemOf(newEcKey().privateKey),
    });
  });
  afterAll(() => test.close());

  it.each(pages)('print what %s shows', async (name) => {
    const page = await readFile(join(GUIDES, name), 'utf8');
    const steps = readSteps(page, 'sh');
    const commands = steps.map(({ command }) => command);
    const DATA_DIR = resolve(test.stores.env['DATA_DIR'] ?? '');
    const env = { PATH: process.env['PATH'], ...SECRETS, DATA_DIR };
    const printed = await printedBy([await setUp(test), ...commands], { env, cwd: await workingFolder(page) });
    expect(steps.map(({ answer }, index) => comparableWith(answer, printed[index + 1] ?? ''))).toEqual(
      steps.map(({ answer }) => comparable(answer)),
    );
  });

  it.each([...pages, 'README.md'])('lead from %s only to pages and headings that are there', async (name) => {
    const dead: string[] = [];
    const text = await readFile(join(GUIDES, name), 'utf8');
    for (const [link, path = '', heading] of text.matchAll(LINK)) {
      const target = await readFile(join(GUIDES, path === '' ? name : path), 'utf8').catch(() => undefined);
      const leads = heading === undefined || headingsOf(target ?? '').includes(heading);
      if (target === undefined || !leads) dead.push(link);
    }
    expect(dead).toEqual([]);
  });
});

/** What the guides have their readers set first. */
async function setUp({ api }: TestApp): Promise<string> {
  const [step] = readSteps(await readFile(join(GUIDES, 'README.md'), 'utf8'), 'sh');
  return (step?.command ?? '')
    .replace('http://localhost:3000', api.origin)
    .replace('the one that npm start printed', ADMIN.password);
}

/** A copy of the project, as far as the commands use it, with the programs that the page has its readers save. */
async function workingFolder(page: string): Promise<string> {
  const folder = newFolder();
  await mkdir(folder, { recursive: true });
  for (const name of ['dist', 'node_modules', 'package.json', 'prisma', 'scripts', 'src']) {
    await symlink(resolve(name), join(folder, name));
  }
  for (const [, program = '', name = ''] of page.matchAll(/^```js\n(\/\/ (\S+\.mjs)\n.*?)^```$/gms)) {
    await writeFile(join(folder, name), program);
  }
  return folder;
}

/** The names that GitHub gives headings in links. */
function headingsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
