import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { failure } from '../support/shapes.js';
import { createStores, type Stores } from '../support/stores.js';

const MAIL_ROUTES = [
  ['POST', '/auth/forgot-password'],
  ['POST', '/auth/verify-email'],
  ['POST', '/auth/accept-invitation'],
  ['POST', '/users/invitations'],
  ['GET', '/users/invitations'],
  ['OPTIONS', '/users/invitations'],
  ['POST', '/users/me/verification-email'],
  ['GET', '//account/reset-password'],
  ['GET', '//account/verify-email'],
  ['GET', '//account/accept-invitation'],
  ['GET', '//account/account.js'],
] as const;

describe('Production without MAIL_URL', () => {
  let stores: Stores;
  let app: SpawnedApp;
  beforeAll(async () => {
    stores = await createStores();
    const production = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2', API_DOCS: 'true' };
    app = await spawnApp({ ...stores.env, ...SECRETS, ...production });
  });
  afterAll(async () => {
    await killPrograms();
    await stores.remove();
  });

  it.each(MAIL_ROUTES)('answers 404 to %s %s', async (method, path) => {
    // Without the check against the description, which is that of a server with mail.
    const base = path.startsWith('//') ? path.slice(1) : `/api/v1${path}`;
    const answer = await fetch(app.api.origin + base, { method });
    expect([answer.status, await answer.json()]).toEqual([404, failure('RESOURCE_NOT_FOUND')]);
  });

  it('describes none of these routes, and all of the others', async () => {
    const described = (await app.api.get('//openapi.json')).body.paths;
    const paths = Object.keys(described);
    expect(paths.filter((path) => /forgot|verif\w+-email|invitation/.test(path))).toEqual([]);
    expect(paths).toContain('/api/v1/auth/reset-password');
    expect(paths).toContain('/api/v1/users/{id}/email-verification');
  });

  it('registers, logs in and changes a password as ever', async () => {
    const { api } = app;
    const account = newAccount();
    expect((await api.post('/users', account)).status).toBe(201);
    const { body } = await api.post('/auth/login', { email: account.email, password: PASSWORD });
    const token: string = body.data.accessToken;
    const change = { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` };
    expect((await api.put('/users/me/password', change, { token })).status).toBe(200);
    expect((await api.post('/auth/reset-password', { resetToken: 'x', newPassword: PASSWORD })).status).toBe(401);
  });
});
