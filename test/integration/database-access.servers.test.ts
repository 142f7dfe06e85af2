import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { AUTHORITY, CERTIFICATES } from '../support/certificates.js';
import { PostgresServer } from '../support/postgres-server.js';
import { killPrograms, runCommand, runProgram, spawnApp } from '../support/process.js';
import { newFolder } from '../support/stores.js';

const ENV = { ...SECRETS, REDIS_URL: 'memory:' };

/** Expects that the server and a command both end with this line. */
async function expectRefusals(env: Readonly<Record<string, string>>, line: RegExp): Promise<void> {
  for (const { code, stdout, stderr } of [
    await runProgram('main.js', { ...env, PORT: '0' }),
    await runCommand('migrate', env),
  ]) {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd()).toMatch(line);
  }
}

describe('A start on a PostgreSQL of its own', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query(
      'postgres',
      'CREATE DATABASE users',
      `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'`,
      `CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'`,
      `CREATE ROLE locked NOLOGIN PASSWORD 'known'`,
    );
  });
  afterEach(killPrograms);
  afterAll(() => server.stop());

  it('works over its Unix socket, and with a password full of odd characters', async () => {
    const { api } = await spawnApp({ ...ENV, ...server.socketVariables('users') });
    expect((await api.get('/health/ready')).status).toBe(200);
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      'a wrong password',
      () => ({ DATABASE_URL: server.url('users', { password: 'wrong' }) }),
      /^DATABASE_URL: password authentication failed for user "postgres"\.$/,
    ],
    [
      'a wrong password in a variable of its own',
      () => ({ ...server.socketVariables('users'), DB_PASSWORD: 'wrong' }),
      /^DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD: password authentication failed for user "postgres"\.$/,
    ],
    [
      'a missing database',
      () => ({ DATABASE_URL: server.url('absent') }),
      /^DATABASE_URL: database "absent" does not exist\.$/,
    ],
    [
      'a missing role',
      () => ({ DATABASE_URL: server.url('users', { user: 'absent' }) }),
      /^DATABASE_URL: password authentication failed for user "absent"\.$/,
    ],
    [
      'a role that may not log in',
      () => ({ DATABASE_URL: server.url('users', { user: 'locked', password: 'known' }) }),
      /^DATABASE_URL: role "locked" is not permitted to log in\.$/,
    ],
    [
      'encryption that the server lacks',
      () => ({ DATABASE_URL: `${server.url('users')}?sslmode=verify-full` }),
      /^DATABASE_URL: The server does not support SSL connections\.$/,
    ],
    [
      'a LATIN1 database',
      () => ({ DATABASE_URL: server.url('latin') }),
      /^DATABASE_URL: the database's encoding is LATIN1, and must be UTF8\.$/,
    ],
    [
      'a SQL_ASCII database',
      () => ({ DATABASE_URL: server.url('ascii') }),
      /^DATABASE_URL: the database's encoding is SQL_ASCII, and must be UTF8\.$/,
    ],
  ])('fails with one line that names the variable: %s', async (_, variables, line) => {
    await expectRefusals({ ...ENV, ...variables() }, line);
  });
});

describe('A start on a PostgreSQL with TLS', () => {
  let server: PostgresServer;
  let authority: string;
  let garbage: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query('postgres', 'CREATE DATABASE users');
    const folder = newFolder();
    await mkdir(folder);
    [authority, garbage] = [join(folder, 'authority'), join(folder, 'garbage')];
    await writeFile(authority, AUTHORITY);
    await writeFile(garbage, 'no certificate');
  });
  afterEach(killPrograms);
  afterAll(() => server.stop());

  const url = (parameters: string) => `${server.url('users')}?sslmode=verify-full${parameters}`;

  it('works with a certificate that fits', async () => {
    await server.present(CERTIFICATES.fitting);
    const { api } = await spawnApp({ ...ENV, DATABASE_URL: url(`&sslrootcert=${authority}`) });
    expect((await api.get('/health/ready')).status).toBe(200);
  });

  it.each<[string, string, () => string, RegExp]>([
    [
      'for another host',
      CERTIFICATES.ofAnotherHost,
      () => `&sslrootcert=${authority}`,
      /^DATABASE_URL: Hostname\/IP does not match certificate's altnames: IP: 127\.0\.0\.1 .*\.$/,
    ],
    [
      'of an authority that is not known',
      CERTIFICATES.fitting,
      () => '',
      /^DATABASE_URL: unable to verify the first certificate\.$/,
    ],
    [
      'that has expired',
      CERTIFICATES.expired,
      () => `&sslrootcert=${authority}`,
      /^DATABASE_URL: certificate has expired\.$/,
    ],
    [
      'beside a file that holds none',
      CERTIFICATES.fitting,
      () => `&sslrootcert=${garbage}`,
      /^DATABASE_URL: unable to verify the first certificate\.$/,
    ],
  ])('fails with one line that names the variable: a certificate %s', async (_, certificate, parameters, line) => {
    await server.present(certificate);
    await expectRefusals({ ...ENV, DATABASE_URL: url(parameters()) }, line);
  });
});
