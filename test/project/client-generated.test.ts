import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { describe, expect, it } from '@jest/globals';

describe('packages/client/src/generated', () => {
  it('is what the API description generates (npm run docs:api writes it)', () => {
    const script = ['scripts/generate-client.mjs', '--check'];
    const { status, stderr } = spawnSync(process.execPath, script, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The generator is installed at its first use.
  }, 180_000);
});
