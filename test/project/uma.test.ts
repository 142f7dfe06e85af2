import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Outcome, Program } from '../support/process.js';
import { installForProduction } from '../support/production-install.js';
import { newFolder } from '../support/stores.js';

/** Runs `npm run uma --` in an empty folder, without any setting. */
async function uma(...args: string[]): Promise<Outcome> {
  const folder = newFolder();
  await mkdir(folder, { recursive: true });
  return new Program('commands/uma.js', {}, folder, { args }).outcome;
}

const USAGE = /^ {2}([a-z]+(?::[a-z-]+)?)(?: .*)?$/gm;
const commands = async () => [...(await uma('--help')).stdout.matchAll(USAGE)].map(([, name = '']) => name);

describe('npm run uma', () => {
  it('lists each command with --help, on a line of its own', async () => {
    const { code, stdout, stderr } = await uma('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: npm run uma -- <command>/);
    expect(await commands()).toEqual(
      expect.arrayContaining(['migrate', 'migrate:new', 'admin:create', 'audit:verify', 'keys:generate', 'health']),
    );
  });

  it('explains one command with --help, and runs nothing', async () => {
    for (const command of await commands()) {
      const { code, stdout } = await uma(command, '--help');
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^Usage: npm run uma -- ${command}.*\n.+\n$`)),
      ]);
    }
  });

  it.each([[[]], [['migrat']], [['constructor']], [['--version']]])('refuses %j with the list', async (args) => {
    const { code, stdout, stderr } = await uma(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Usage: npm run uma -- <command>/);
  });

  it('refuses an unknown option with the usage of the command, in one line that does not repeat it', async () => {
    for (const command of await commands()) {
      const { code, stdout, stderr } = await uma(command, '--pasword=Secret-7');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^Usage: npm run uma -- ${command}.*\n$`));
      expect(stderr).not.toContain('Secret-7');
    }
  });
});

describe('npm run uma -- migrate:new', () => {
  it('says in one line that it needs the development dependencies where they are not installed', async () => {
    const folder = await installForProduction();
    const before = await readdir(join(folder, 'prisma/migrations'));
    const script = join(folder, 'dist/commands/uma.js');
    const run = (...args: string[]) => new Program(script, { NODE_ENV: 'production' }, folder, { args }).outcome;
    expect(await run('migrate:new', 'add_nickname')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'migrate:new needs the development dependencies: run "npm ci" in a clone of the repository.\n',
    });
    expect(await readdir(join(folder, 'prisma/migrations'))).toEqual(before);
    // The same install runs what an operator needs.
    const key = await run('keys:generate', 'keys');
    expect([key.code, key.stderr]).toEqual([0, '']);
  });
});

describe('package.json', () => {
  it('has at most 25 scripts', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: object };
    expect(Object.keys(scripts).length).toBeLessThanOrEqual(25);
  });
});
