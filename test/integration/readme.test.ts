import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS, startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/factories.js';

const BLOCK = /^```(bash|json)\n(.*?)^```$/gms;
const SEPARATOR = '--- next block ---';

interface Step {
  readonly command: string;
  /** What the README says that the command prints. */
  answer: string;
}

/** Reads the commands of a section, each with the answer printed below it. */
async function readSteps(title: string): Promise<Step[]> {
  const readme = await readFile('README.md', 'utf8');
  const session = readme.split(/^## /m).find((section) => section.startsWith(title)) ?? '';
  const steps: Step[] = [];
  for (const [, language, text = ''] of session.matchAll(BLOCK)) {
    if (language === 'bash') steps.push({ command: text, answer: '' });
    else Object.assign(steps.at(-1) ?? {}, { answer: text });
  }
  return steps;
}

/** Replaces what differs between runs, and removes white space, which only helps the reader. */
function comparable(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\s+/g, '');
}

describe('The first session of the README', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ ADMIN_USERNAME: 'admin' });
  });
  afterAll(() => test.close());

  it('prints the answers that the README shows', async () => {
    const steps = await readSteps('A first session');
    expect(steps.length).toBeGreaterThan(7);
    const script = steps
      .map(({ command }) => command)
      .join(`\necho '${SEPARATOR}'\n`)
      .replaceAll('http://localhost:3000', test.api.origin)
      .replace('the one that npm start printed', ADMIN.password);
    const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script]);
    const printed = stdout.split(SEPARATOR).map(comparable);
    expect(printed).toEqual(steps.map(({ answer }) => comparable(answer)));
  });

  it('takes a newcomer through a forgotten password', async () => {
    const [step] = await readSteps('A forgotten password');
    const script = `API=${test.api.origin}/api/v1\n${step?.command ?? ''}`.replace(
      '\nRESET_TOKEN',
      '\nsleep 3\nRESET_TOKEN',
    );
    const DATA_DIR = resolve(test.stores.env['DATA_DIR'] ?? '');
    const env = { PATH: process.env['PATH'], ...SECRETS, DATA_DIR };
    const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script], { env });
    expect(comparable(stdout)).toBe(comparable(step?.answer ?? ''));
  });
});
