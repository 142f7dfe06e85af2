import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClient } from '../../src/testing/index.js';
import { login, register, SECRETS } from '../support/app.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { freePort } from '../support/process.js';
import { newFolder } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const run = promisify(execFile);

/** Another application, with routes, errors and a body parser of its own. */
const HOST = `
import 'reflect-metadata';
import { Body, ConflictException, Controller, Get, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  CurrentUser, defineExtension, loadConfig, type Principal, Authenticated, RequirePermissions, UserManagementModule, UsersService,
} from 'user-management-api';

@Injectable()
class Shop {
  constructor(private readonly users: UsersService) {}

  async greet({ userId }: Principal): Promise<string> {
    return \`Welcome, \${(await this.users.get(userId)).username}\`;
  }
}

@Controller()
class ShopController {
  constructor(private readonly shop: Shop) {}

  @Get('open')
  open() {
    return { shop: 'open' };
  }

  @Post('orders')
  order(@Body() body: unknown) {
    return { body };
  }

  @Get('conflict')
  conflict() {
    throw new ConflictException('Sold out');
  }

  @Get('welcome')
  @Authenticated()
  async welcome(@CurrentUser() user: Principal) {
    return { text: await this.shop.greet(user) };
  }

  @Get('stock')
  @RequirePermissions('stock:read')
  stock(@CurrentUser() { permissions }: Principal) {
    return { may: permissions.has('stock:read') };
  }
}

const stock = defineExtension({ name: 'stock', api: '^1.0.0', permissions: { 'stock:read': 'Read the stock' } });

@Module({
  imports: [UserManagementModule.forRoot({ config: loadConfig(process.env), extensions: [stock] })],
  controllers: [ShopController],
  providers: [Shop],
})
class HostModule {}

const app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: ['error'] });
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT']), '127.0.0.1');
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: true,
    useDefineForClassFields: false,
  },
  files: ['host.ts'],
};

let folder: string;
let host: ChildProcess;
let origin: string;
let api: TestClient;
let errors = '';
beforeAll(async () => {
  folder = newFolder();
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'user-management-api'), { recursive: true });
  const { stdout } = await run(process.execPath, ['scripts/pack-library.mjs', folder]);
  const tarball = stdout.split(' ')[0] ?? '';
  await run('tar', ['xzf', tarball, '--strip-components=1', '-C', join(modules, 'user-management-api')]);
  // The packages that npm would install beside it.
  for (const name of await readdir('node_modules')) {
    if (!name.startsWith('.')) await symlink(resolve('node_modules', name), join(modules, name));
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, 'host.ts'), HOST);
  const port = await freePort();
  await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', folder]);
  const { email: ADMIN_EMAIL, username: ADMIN_USERNAME, password: ADMIN_PASSWORD } = ADMIN;
  const env = { ...SECRETS, ADMIN_EMAIL, ADMIN_USERNAME, ADMIN_PASSWORD, DATA_DIR: join(folder, 'data') };
  host = spawn(process.execPath, ['host.js'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'error', RATE_LIMIT_MAX_REQUESTS: '100000', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  host.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  origin = `http://127.0.0.1:${port}`;
  api = new TestClient(origin);
  await waitUntil(
    'the host answers',
    () =>
      fetch(`${origin}/open`).then(
        ({ ok }) => ok,
        () => false,
      ),
    30_000,
  );
}, 180_000);
afterAll(async () => {
  host.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const ask = async (path: string, token?: string): Promise<Asked> => {
  const answer = await fetch(
    origin + path,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
};

describe('The packed library in another application', () => {
  it('serves its own routes with its frame', async () => {
    const { user } = await register(api, newAccount());
    expect(user.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ask('/api/v1/none')).toMatchObject({
      status: 404,
      body: { success: false, error: { code: 'RESOURCE_NOT_FOUND', message: 'Route not found' } },
    });
    const wrong = await fetch(`${origin}/api/v1/users`, { method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect((await ask('/.well-known/jwks.json')).body).toEqual({ keys: [] });
    expect((await ask('/openapi.json')).body).toHaveProperty(['paths', '/api/v1/users']);
    const { body } = await api.get('/health');
    expect(body).toMatchObject({ status: 'healthy', version: 'v1' });
  });

  it("leaves the host's routes as they are", async () => {
    const open = await ask('/open');
    expect(open).toMatchObject({ status: 200, body: { shop: 'open' } });
    expect(open.headers.has('ratelimit-limit')).toBe(false);
    const order = await fetch(`${origin}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"item":1,"item":2}',
    });
    expect(await order.json()).toEqual({ body: { item: 2 } });
    expect(await ask('/conflict')).toMatchObject({
      status: 409,
      body: { statusCode: 409, message: 'Sold out', error: 'Conflict' },
    });
    expect((await ask('/none')).body).toMatchObject({ statusCode: 404 });
  });

  it("guards the host's routes that ask for it, and names their caller", async () => {
    const account = newAccount();
    const { token } = await register(api, account);
    const admin = await login(api, ADMIN);
    expect(await ask('/welcome')).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED' } } });
    expect((await ask('/welcome', 'nonsense')).status).toBe(401);
    expect(await ask('/welcome', token)).toMatchObject({ status: 200, body: { text: `Welcome, ${account.username}` } });
    expect(await ask('/stock', token)).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } });
    expect(await ask('/stock', admin.token)).toMatchObject({ status: 200, body: { may: true } });
    await api.post('/auth/logout', {}, { token });
    expect((await ask('/welcome', token)).status).toBe(401);
  });

  it('stops with the host', async () => {
    host.kill('SIGTERM');
    expect(await once(host, 'exit')).toEqual([null, 'SIGTERM']);
    expect(errors).toBe('');
  }, 20_000);
});
