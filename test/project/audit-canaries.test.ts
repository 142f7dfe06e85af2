import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, SECRETS } from '../support/app.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { ofSelf, ROUTES } from '../support/routes.js';
import { createStores, type Stores } from '../support/stores.js';

/** Fields and headers in which a client may send a secret; it must not be kept. */
const SECRET_FIELDS = ['password', 'currentPassword', 'newPassword', 'refreshToken', 'resetToken'];
const SECRET_HEADERS = ['authorization', 'cookie', 'x-device-token', 'x-password', 'proxy-authorization'];

describe('A secret that a client sends in any field or header of any route', () => {
  let stores: Stores;
  let app: SpawnedApp;
  beforeAll(async () => {
    stores = await createStores();
    app = await spawnApp({
      ...stores.env,
      ...SECRETS,
      LOG_LEVEL: 'trace',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
    });
  });
  afterEach(killPrograms);
  afterAll(() => stores.remove());

  it('appears neither in the audit log nor in the output of the application', async () => {
    const planted: string[] = [];
    const canary = (kind: string) => {
      const value = `Canary7!${kind}${randomUUID()}`;
      planted.push(value);
      return value;
    };
    const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: unknown) =>
      fetch(app.api.origin + path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).then((answer) => answer.arrayBuffer());
    for (const { method, path, body } of ROUTES) {
      const user = await register(app.api, newAccount({ password: canary('registered') }));
      planted.push(user.token, user.refreshToken);
      const authorization = `Bearer ${user.token}`;
      for (const field of SECRET_FIELDS) {
        await send(
          method,
          ofSelf(path),
          { authorization },
          method === 'GET' ? undefined : { ...body?.(), [field]: canary(field) },
        );
      }
      for (const header of SECRET_HEADERS) {
        const value = header === 'cookie' ? `device=${canary(header)}` : `Bearer ${canary(header)}`;
        await send(method, ofSelf(path), { authorization, [header]: value }, method === 'GET' ? undefined : body?.());
      }
      await send(method, `${ofSelf(path)}?token=${canary('query')}`, { authorization });
    }
    const admin = await login(app.api, ADMIN);
    const { text: exported } = await app.api.get('/audit-logs/export', { token: admin.token });
    expect(exported.split('\n').length).toBeGreaterThan(100);
    for (const secret of [...planted, ADMIN.password, admin.token, '$argon2', SECRETS.JWT_SECRET]) {
      expect([secret, exported.includes(secret), app.program.stdout.includes(secret)]).toEqual([secret, false, false]);
    }
  }, 120_000);
});
