import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClient } from '../../src/testing/index.js';
import { login, SECRETS } from '../support/app.js';
import { copyProject } from '../support/extension-project.js';
import { descriptionFaults } from '../support/description-faults.js';
import type { Description } from '../support/description.js';
import { ADMIN } from '../support/factories.js';
import { killPrograms, spawnApp } from '../support/process.js';
import { newFolder } from '../support/stores.js';

let project: string;
let data: string;
beforeAll(async () => {
  project = await copyProject('test/support', 'jest.config.mjs', 'docs/api');
  data = newFolder();
  await cp('examples/organizations', join(project, 'src/extensions/organizations'), { recursive: true });
});
afterAll(async () => {
  await killPrograms();
  await Promise.all([project, data].map((folder) => rm(folder, { recursive: true, force: true })));
});

async function run(program: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  // The servers of this run; the copied project has stores of its own on them.
  const { TEST_POSTGRES_URL, TEST_REDIS_URL } = process.env;
  const env = { PATH: process.env.PATH, DATA_DIR: data, ...SECRETS, TEST_POSTGRES_URL, TEST_REDIS_URL };
  return promisify(execFile)(program, args, { cwd: project, env });
}

describe('The example of organizations', () => {
  it('passes its own tests where it is copied in', async () => {
    const { stderr } = await run('npm', ['test', '--', 'src/extensions/organizations']);
    expect(stderr).toMatch(/^Tests: +(\d+) passed, \1 total$/m);
  }, 120_000);

  it('is migrated, served and described, beside the core', async () => {
    const { stdout } = await run(process.execPath, ['dist/commands/uma.js', 'migrate']);
    expect(stdout).toContain('_organizations_create');
    const env = {
      DATA_DIR: data,
      ...SECRETS,
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
    };
    const app = await spawnApp(env, join(project, 'dist/main.js'));
    const api = new TestClient(app.api.origin);
    const { token } = await login(api, ADMIN);
    const { body } = await api.get('/organizations', { token });
    expect(body).toEqual({ success: true, data: { organizations: [] } });
    const description = await (await fetch(`${app.api.origin}/openapi.json`)).text();
    expect(description).toContain('/api/v1/organizations/{organizationId}/teams');
    expect(description).toContain('organizations.jobTitle');
    expect(description).toContain('LAST_OWNER');
    expect(descriptionFaults(JSON.parse(description) as Description)).toEqual([]);
    await app.stop();
  }, 60_000);

  it('is removed with its tables', async () => {
    const { stdout } = await run(process.execPath, [
      'dist/commands/uma.js',
      'extension:remove',
      'organizations',
      '--yes',
    ]);
    for (const table of ['organizations', 'members', 'invitations', 'teams']) {
      expect(stdout).toContain(`the table ext_organizations_${table} and its rows`);
    }
    expect(stdout).toContain('the type ext_organizations_member_role');
  });
});
