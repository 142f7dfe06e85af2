import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '../support/routes.js';

describe('packages/client/src/generated', () => {
  it('is what the API description generates (npm run docs:api writes it)', () => {
    const script = ['scripts/generate-client.mjs', '--check'];
    const { status, stderr } = spawnSync(process.execPath, script, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The generator is installed at its first use.
  }, 180_000);
});

describe('packages/client', () => {
  it('has a method for every operation', () => {
    const folder = 'packages/client/src/resources';
    const files = [...readdirSync(folder).map((file) => join(folder, file)), 'packages/client/src/client.ts'];
    const code = files.map((file) => readFileSync(file, 'utf8')).join('');
    expect(ROUTES.map(({ operationId }) => operationId).filter((id) => !code.includes(`${id}(`))).toEqual([]);
  });
});
