import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, SECRETS } from '../support/app.js';
import { expectHealth, expectUnavailable, reads, recovery, writes } from '../support/database-faults.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { PostgresServer } from '../support/postgres-server.js';
import { killPrograms, spawnApp } from '../support/process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('When the primary PostgreSQL dies and its standby takes over', () => {
  const servers = new Set<PostgresServer>();
  let primary: PostgresServer;
  let proxy: TcpProxy;
  let env: Record<string, string>;
  beforeAll(async () => {
    primary = await PostgresServer.start();
    servers.add(primary);
    await primary.query('postgres', 'CREATE DATABASE users');
    proxy = await TcpProxy.to(primary.url('users'));
    env = {
      ...SECRETS,
      DATABASE_URL: proxy.url,
      REDIS_URL: 'memory:',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
    };
  });
  afterAll(async () => {
    await killPrograms();
    await proxy.cut();
    await Promise.all([...servers].map((server) => server.stop()));
  });

  it('reads are answered, requests that write get 503, and all work once it is promoted', async () => {
    const before = await spawnApp(env);
    const admin = await login(before.api, ADMIN);
    const ada = await register(before.api, newAccount());
    const standby = await primary.startStandby();
    servers.add(standby).delete(primary);
    await primary.stop();
    await proxy.redirect(standby.url('users'));
    const during = await spawnApp(env);

    for (const { api } of [before, during]) {
      for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);
      for (const answer of await Promise.all(writes(api, ada))) expectUnavailable(answer);
      await expectHealth(api, 503);
    }

    await standby.query('postgres', 'SELECT pg_promote()');
    let { refreshToken } = ada;
    for (const app of [before, during]) {
      const { api } = app;
      await recovery(api);
      await expectHealth(api, 200);
      for (const { status } of await Promise.all(reads(api, admin.token))) expect(status).toBe(200);
      await register(api, newAccount());
      expect((await api.patch('/users/me', { bio: 'Back.' }, { token: ada.token })).status).toBe(200);
      const refreshed = await api.post('/auth/refresh', { refreshToken });
      expect(refreshed.status).toBe(200);
      ({ refreshToken } = refreshed.body.data);
      const told = app.logged().filter(({ context, level }) => context === 'Database' && level !== 'warn');
      expect(told.map(({ msg }) => msg)).toEqual([
        // An instance may notice the loss of its connections first.
        expect.stringMatching(/^The database does not work: .* \((lost|25006)\)$/),
        'The database works again',
      ]);
    }
  });
});
