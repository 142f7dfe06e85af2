import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS, startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/factories.js';
import { comparable, printedBy, readSteps, type Step } from '../support/pages.js';

/** Reads the commands of a section of the README, each with the answer printed below it. */
async function readSection(title: string): Promise<Step[]> {
  const readme = await readFile('README.md', 'utf8');
  return readSteps(readme.split(/^## /m).find((section) => section.startsWith(title)) ?? '', 'bash');
}

describe('The first session of the README', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ ADMIN_USERNAME: 'admin' });
  });
  afterAll(() => test.close());

  it('prints the answers that the README shows', async () => {
    const steps = await readSection('A first session');
    expect(steps.length).toBeGreaterThan(7);
    const commands = steps.map(({ command }) =>
      command
        .replaceAll('http://localhost:3000', test.api.origin)
        .replace('the one that npm start printed', ADMIN.password),
    );
    expect((await printedBy(commands)).map(comparable)).toEqual(steps.map(({ answer }) => comparable(answer)));
  });

  it('takes a newcomer through a forgotten password', async () => {
    const [step] = await readSection('A forgotten password');
    const script = `API=${test.api.origin}/api/v1\n${step?.command ?? ''}`.replace(
      '\nRESET_TOKEN',
      '\nsleep 3\nRESET_TOKEN',
    );
    const DATA_DIR = resolve(test.stores.env['DATA_DIR'] ?? '');
    const env = { PATH: process.env['PATH'], ...SECRETS, DATA_DIR };
    const [printed = ''] = await printedBy([script], { env });
    expect(comparable(printed)).toBe(comparable(step?.answer ?? ''));
  });
});
