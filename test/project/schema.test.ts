import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

/** @param folder of migrations; the project's, if none is given */
const difference = (folder = '') =>
  promisify(execFile)(process.execPath, ['test/support/schema-diff.mjs', folder].filter(Boolean));

describe('The database schema', () => {
  it('equals the result of all migrations', async () => {
    expect(await difference()).toEqual({ stdout: '', stderr: '' });
  });

  it('is compared with migrations that run outside a transaction too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'uma-schema-'));
    await cp('prisma/migrations', folder, { recursive: true });
    await mkdir(join(folder, '29991231235959_concurrent'));
    const sql = `-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS planted_idx;
CREATE INDEX CONCURRENTLY planted_idx ON users (bio);
`;
    await writeFile(join(folder, '29991231235959_concurrent', 'migration.sql'), sql);
    expect((await difference(folder)).stdout).toContain('DROP INDEX "planted_idx"');
    await rm(folder, { recursive: true });
  });

  it('has migrations whose names begin with a timestamp', async () => {
    const entries = await readdir('prisma/migrations', { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^\d{14}_[a-z][a-z0-9_]*$/);
  });
});
