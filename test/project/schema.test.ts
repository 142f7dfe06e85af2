import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

describe('The database schema', () => {
  it('equals the result of all migrations', async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['test/support/schema-diff.mjs']);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });

  it('has migrations whose names begin with a timestamp', async () => {
    const entries = await readdir('prisma/migrations', { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^\d{14}_[a-z][a-z0-9_]*$/);
  });
});
