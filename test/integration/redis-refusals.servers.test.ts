import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { SECRETS, startApp } from '../support/app.js';
import { AUTHORITY, CERTIFICATES } from '../support/certificates.js';
import { newAccount } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { RedisServer } from '../support/redis-server.js';
import { createStores, newFolder, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const WATCHED_MS = 6_000;
const MAX_CONNECTIONS = 8;

const healthOf = async ({ api }: Pick<SpawnedApp, 'api'>) => {
  const { status, body } = await api.get('/health');
  return [status, body.status, body.services.cache.status];
};
const serves = async ({ api }: SpawnedApp) => (await api.post('/users', newAccount())).status;

const DEGRADED = [200, 'degraded', 'unhealthy'];
const HEALTHY = [200, 'healthy', 'healthy'];

const warnings = (app: SpawnedApp) =>
  app
    .logged()
    .filter(({ level, context }) => level === 'warn' && context === 'RedisClient')
    .map(({ msg }) => String(msg));

describe('A Redis that refuses', () => {
  let stores: Stores;
  let server: RedisServer;
  beforeAll(async () => {
    stores = await createStores();
  });
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await killPrograms();
    await server.stop();
  });
  afterAll(() => stores.remove());

  const start = (url = server.url) => spawnApp({ ...stores.env, ...SECRETS, REDIS_URL: url });

  it('is used for everything when its user may not use channels', async () => {
    const app = await start();
    expect(await serves(app)).toBe(201);
    expect(await healthOf(app)).toEqual(HEALTHY);
    expect(warnings(app)).toEqual([]);
    expect((await app.stop()).stdout).not.toMatch(/"level":"(warn|error)"/);
  });

  const cases: [string, RegExp, (url: URL) => Promise<void>][] = [
    ['as a replica', /READONLY.*; REDIS_URL must name the primary/, () => server.refuseWrites()],
    ['when full', /OOM.*; raise its maxmemory/, () => server.administer('CONFIG', 'SET', 'maxmemory', '1')],
    [
      'a database that it does not have',
      /DB index is out of range.*; REDIS_URL/,
      async (url) => void (url.pathname = '/99'),
    ],
    ['a wrong password', /WRONGPASS.*; REDIS_URL needs/, async (url) => void (url.password = 'wrong')],
    ['a user that it does not know', /WRONGPASS.*; REDIS_URL needs/, async (url) => void (url.username = 'other')],
    [
      'scripts',
      /NOPERM.*; grant its user ~\S+\* \+get /,
      () => server.administer('ACL', 'SETUSER', 'app', '-@scripting'),
    ],
    ['keys', /NOPERM.*; grant its user ~\S+\* \+get /, () => server.administer('ACL', 'SETUSER', 'app', 'resetkeys')],
  ];

  it.each(cases)(
    '%s is said once, with what to do, and connected to at most 8 times in 6 s',
    async (_name, advice, refuse) => {
      const url = new URL(server.url);
      await refuse(url);
      const before = await server.connections();
      const app = await start(url.href);
      expect(await serves(app)).toBe(201);
      expect(await healthOf(app)).toEqual(DEGRADED);
      await sleep(WATCHED_MS);
      expect((await server.connections()) - before).toBeLessThanOrEqual(MAX_CONNECTIONS + 3);
      expect(await serves(app)).toBe(201);
      expect(warnings(app)).toEqual([expect.stringMatching(advice)]);
    },
  );

  it('after a right was revoked is noticed while the service runs, and when the right is back', async () => {
    const app = await start();
    expect(await healthOf(app)).toEqual(HEALTHY);
    await server.administer('ACL', 'SETUSER', 'app', '-set', '-incr');
    expect(await serves(app)).toBe(201);
    expect(await healthOf(app)).toEqual(DEGRADED);
    expect(warnings(app)).toEqual([expect.stringMatching(/^Redis refuses \(.*; grant its user/)]);
    await server.allowEverything();
    expect(await healthOf(app)).toEqual(HEALTHY);
    const again = () => app.logged().some(({ msg }) => msg === 'Redis takes all commands again');
    await waitUntil('the log says so', async () => again());
    expect(warnings(app)).toHaveLength(1);
  });

  it('is not the only reason for a cache that is not used: one whose epoch cannot be read is degraded', async () => {
    const test = await startApp({ REDIS_URL: server.url }, stores);
    try {
      expect(await healthOf(test)).toEqual(HEALTHY);
      const execute = (sql: string) => test.app.get(PrismaService).$executeRawUnsafe(sql);
      await execute('ALTER TABLE cache_epoch RENAME TO cache_epoch_gone');
      await waitUntil('the health is degraded', async () => (await healthOf(test))[1] === 'degraded');
      await execute('ALTER TABLE cache_epoch_gone RENAME TO cache_epoch');
      await waitUntil('the health is healthy', async () => (await healthOf(test))[1] === 'healthy');
    } finally {
      await test.close();
    }
  });
});

async function withTls(certificate: string, work: (server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start(certificate);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

describe('A Redis with TLS', () => {
  let stores: Stores;
  let authority: string;
  beforeAll(async () => {
    stores = await createStores();
    const folder = newFolder();
    await mkdir(folder);
    authority = join(folder, 'authority');
    await writeFile(authority, AUTHORITY);
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  const start = ({ tlsUrl }: RedisServer, env: Record<string, string> = { NODE_EXTRA_CA_CERTS: authority }) =>
    spawnApp({ ...stores.env, ...SECRETS, ...env, REDIS_URL: tlsUrl });

  it('is used with a certificate that fits', async () => {
    await withTls(CERTIFICATES.fitting, async (server) => {
      const app = await start(server);
      expect(await serves(app)).toBe(201);
      expect(await healthOf(app)).toEqual(HEALTHY);
      expect(warnings(app)).toEqual([]);
    });
  });

  const trusts =
    /; REDIS_URL must lead to a server whose certificate Node\.js trusts \(NODE_EXTRA_CA_CERTS .*\): working without it$/;
  it.each<[string, string, Record<string, string> | undefined, RegExp]>([
    [
      'for another host',
      CERTIFICATES.ofAnotherHost,
      undefined,
      /^Redis is away \(.* certificate's altnames.*\); REDIS_URL must name a host that its certificate is for: working/,
    ],
    [
      'of an authority that is not known',
      CERTIFICATES.fitting,
      {},
      new RegExp(`^Redis is away \\(unable to verify the first certificate\\)${trusts.source}`),
    ],
    [
      'that has expired',
      CERTIFICATES.expired,
      undefined,
      new RegExp(`^Redis is away \\(certificate has expired\\)${trusts.source}`),
    ],
  ])('is not used with a certificate %s, and one warning says what to change', async (_, certificate, env, reason) => {
    await withTls(certificate, async (server) => {
      const app = await start(server, env);
      // Meanwhile it is tried again, several times.
      await sleep(1_000);
      expect(await serves(app)).toBe(201);
      expect(await healthOf(app)).toEqual(DEGRADED);
      expect(warnings(app)).toEqual([expect.stringMatching(reason)]);
    });
  });
});
