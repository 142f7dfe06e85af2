import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const PAGE = 'docs/architecture.md';

describe('The page about the architecture', () => {
  it('draws the imports that the code has', async () => {
    const check = promisify(execFile)(process.execPath, ['scripts/draw-modules.mjs', '--check']);
    const complaint = await check.then(
      ({ stderr }) => stderr,
      ({ stderr }: { stderr: string }) => stderr,
    );
    expect(complaint).toBe('');
  });

  it('names files that are there', async () => {
    const page = await readFile(PAGE, 'utf8');
    const paths = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    const checked = await Promise.all(
      paths.map(async (path) =>
        access(join('docs', path)).then(
          () => [],
          () => [path],
        ),
      ),
    );
    expect(paths.length).toBeGreaterThan(20);
    expect(checked.flat()).toEqual([]);
  });
});
