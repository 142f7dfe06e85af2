import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectOrdinary } from '../support/ordinary.js';
import { login, SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { ADMIN } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { killPrograms, runCommand, runProgram, spawnApp } from '../support/process.js';
import { createUnmigratedStores, type Stores } from '../support/stores.js';

const ADMIN_VARIABLES = { ADMIN_EMAIL: ADMIN.email, ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password };
const REQUESTS = 60;

let stores: Stores;
let pgbouncer: PgBouncer;
beforeEach(async () => {
  stores = await createUnmigratedStores();
});
afterEach(async () => {
  await killPrograms();
  await pgbouncer.stop();
  await stores.remove();
});

const start = async (settings?: readonly string[]) => {
  pgbouncer = await PgBouncer.start(stores.env['DATABASE_URL'] ?? '', settings);
};
const envFor = (url: string) => ({ ...stores.env, ...SECRETS, ...ADMIN_VARIABLES, DATABASE_URL: url });

/** What the application cannot set behind PgBouncer; its own settings stay odd. */
const setRest = () =>
  onDatabase(stores, async (client) => {
    for (const name of ['search_path', 'default_transaction_isolation', 'bytea_output', 'array_nulls']) {
      await client.query(`ALTER DATABASE ${client.database} RESET ${name}`);
    }
  });

describe('Behind PgBouncer in transaction mode', () => {
  it('the application migrates, and serves many requests at once on a few connections', async () => {
    await setRest();
    await start();
    const env = envFor(`${pgbouncer.url}?pgbouncer=true`);
    expect(await runCommand('migrate', env)).toMatchObject({ code: 0, stderr: '' });
    expect((await runCommand('migrate', env)).stdout).toBe('Nothing to migrate.\n');
    const { api } = await spawnApp({ ...env, DB_POOL_MAX: '8' });
    const { token } = await login(api, ADMIN);
    const statuses = await inParallel(REQUESTS, async (index) => {
      const { status } = await (index % 3 === 0
        ? api.patch('/users/me', { bio: `Round ${index}` }, { token })
        : api.get(index % 3 === 1 ? '/users' : '/audit-logs', { token }));
      return status;
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
    await expectOrdinary(api);
  });

  it.each<[string, string[]]>([
    ['as installed', []],
    ['told to ignore startup parameters', ['ignore_startup_parameters = statement_timeout']],
  ])('without ?pgbouncer=true, the start and commands say what is missing: %s', async (_, settings) => {
    await setRest();
    await start(settings);
    const line = /^DATABASE_URL: this is PgBouncer, or a pooler like it\. Name it by a URL with \?pgbouncer=true\.\n$/;
    const env = envFor(pgbouncer.url);
    for (const { code, stdout, stderr } of [
      await runCommand('migrate', env),
      await runProgram('main.js', { ...env, PORT: '0' }),
    ]) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(line);
    }
  });

  it.each([
    ['default_transaction_isolation', 'serializable', 'default_transaction_isolation = read committed'],
    ['bytea_output', 'escape', 'bytea_output = hex'],
    ['search_path', 'audit', 'search_path must be public'],
  ])('a setting that PgBouncer does not keep stops the start: %s = %s', async (name, value, named) => {
    await setRest();
    await onDatabase(stores, (client) => client.query(`ALTER DATABASE ${client.database} SET ${name} TO ${value}`));
    await start();
    const { code, stderr } = await runCommand('migrate', envFor(`${pgbouncer.url}?pgbouncer=true`));
    expect(code).toBe(1);
    expect(stderr).toContain(named);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});
