import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, SECRETS } from '../support/app.js';
import { buildWith } from '../support/extension-project.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { runProgram, spawnApp, type SpawnedApp } from '../support/process.js';
import { createStores, newFolder, type Stores } from '../support/stores.js';

/** Reads the example in docs/extending.md, which is a complete source file. */
async function exampleExtension(): Promise<string> {
  const documentation = await readFile('docs/extending.md', 'utf8');
  const [, source] = /^```ts\n(.*?)^```$/ms.exec(documentation) ?? [];
  return source ?? '';
}

describe('A module dropped into src/extensions', () => {
  let stores: Stores;
  let spawned: SpawnedApp;
  beforeAll(async () => {
    stores = await createStores();
    const project = await buildWith('greetings', await exampleExtension());
    // Not built either, so it may be broken.
    for (const name of ['_disabled', '.git-kept']) await mkdir(join(project, 'dist', 'extensions', name));
    spawned = await spawnApp(
      {
        ...stores.env,
        ...SECRETS,
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_PASSWORD: ADMIN.password,
      },
      join(project, 'dist', 'main.js'),
    );
  }, 120_000);
  afterAll(async () => {
    await spawned.stop();
    await stores.remove();
  });

  const url = (path: string) => `${spawned.api.origin}/api/v1/greetings${path}`;
  const read = async (path: string, token?: string) => {
    const answer = await fetch(url(path), token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: await answer.json() };
  };

  it('is served below the base path and in the response envelope, although no other file was changed', async () => {
    expect(await read('')).toEqual({ status: 200, body: { success: true, data: { greeting: { text: 'Hello' } } } });
  });

  it('leaves out folders that begin with _ or ., and says so in the log', () => {
    const lines = spawned.logged().map(({ context, msg }) => [context, msg]);
    expect(lines).toContainEqual(['Extensions', 'With greetings']);
    expect(lines).toContainEqual(['Extensions', 'Left out: .git-kept, _disabled']);
  });

  it('has its access rules enforced, and can use the database, the cache and events', async () => {
    const account = newAccount();
    const { token } = await register(spawned.api, account);
    const admin = await login(spawned.api, ADMIN);
    expect(await read('/me')).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED' } } });
    expect(await read('/me', token)).toMatchObject({
      body: { data: { greeting: { text: `Hello ${account.username}` } } },
    });
    expect(await read('/all', token)).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } });
    expect(await read('/all', admin.token)).toMatchObject({
      body: { data: { greeting: { text: `Hello all 2, and welcome ${account.username}` } } },
    });
  });

  it('declares permissions that roles can hold', async () => {
    const { token } = await login(spawned.api, ADMIN);
    const { body } = await spawned.api.get('/permissions', { token });
    expect(body.data.permissions).toContainEqual({ name: 'greetings:read', description: 'Read the greeting of all' });
    const role = { name: 'greeter', permissions: ['greetings:read'] };
    expect((await spawned.api.post('/roles', role, { token })).status).toBe(201);
  });

  it('records audit actions of its own', async () => {
    const { token } = await login(spawned.api, ADMIN);
    await read('/all', token);
    const { body } = await spawned.api.get('/audit-logs?action=greeting.given', { token });
    expect(body.data.auditLogs[0]).toMatchObject({ target: { type: 'greeting', id: 'all' }, outcome: 'success' });
  });

  it('appears in the API description', async () => {
    const description = await fetch(`${spawned.api.origin}/openapi.json`);
    expect(await description.text()).toContain('"/api/v1/greetings/all"');
  });
});

/** A built extension with a route that has no access rule. */
const FORGETFUL = `
import { Controller, Get, Module } from '@nestjs/common';
class LeakController { all() { return 'everything'; } }
Get()(LeakController.prototype, 'all', Object.getOwnPropertyDescriptor(LeakController.prototype, 'all'));
Controller('leak')(LeakController);
export default class LeakModule {}
Module({ controllers: [LeakController] })(LeakModule);
`;

describe('An extension that forgets an access rule', () => {
  it('stops the start with one line', async () => {
    const stores = await createStores();
    const folder = newFolder();
    for (const name of ['dist', 'prisma', 'package.json']) await cp(name, join(folder, name), { recursive: true });
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await mkdir(join(folder, 'dist', 'extensions', 'leak'), { recursive: true });
    await writeFile(join(folder, 'dist', 'extensions', 'leak', 'index.js'), FORGETFUL);
    const { code, stderr } = await runProgram(join(folder, 'dist', 'main.js'), { ...stores.env, ...SECRETS });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'The route LeakController.all does not say who may call it. Add an access rule above it, such as @RequirePermissions().\n',
    });
    await stores.remove();
  });
});
