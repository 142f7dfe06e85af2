import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { bundleClient } from '../support/client-sessions.js';
import { ADMIN } from '../support/factories.js';
import { newFolder } from '../support/stores.js';

const run = promisify(execFile);
const PACKAGE = resolve('packages/client');
const MAX_BYTES = 10_000;

const CONSUMER = `
import {
  ApiError, type AuditEntry, type Client, ClientError, createClient, RateLimitError, type TokenStorage, type User,
} from 'user-management-api-client';

const items = new Map<string, string>();
const storage: TokenStorage = {
  getItem: (key) => items.get(key) ?? null,
  setItem: (key, value) => { items.set(key, value); },
  removeItem: async (key) => { items.delete(key); },
};
declare const localStorage: {
  readonly length: number;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
};
export const kept: Client = createClient({ baseUrl: 'https://example.com', storage: localStorage, delivery: 'cookie' });
const client = createClient({ baseUrl: 'http://127.0.0.1:1', storage, timeoutMs: 1_000 });
declare const maybe: string | undefined;
export async function use(): Promise<readonly [User, AuditEntry | undefined]> {
  const user: User = await client.login({ username: 'ada', password: 'secret' });
  const { etag } = await client.users.getWithETag('me');
  const changed = await client.users.update('me', { bio: null, lastName: 'King' }, { ifMatch: etag });
  const status: 'active' | 'inactive' | 'suspended' | 'deleted' = changed.status;
  for await (const { email } of client.users.list({ status, limit: 10 })) email.toUpperCase();
  await client.users.list({ search: maybe, limit: undefined }).next();
  await client.audit.list({ requestId: maybe }).next();
  await client.users.update('me', { firstName: maybe });
  await client.roles.create({ name: 'clerk', description: maybe, permissions: ['invoices:read'] });
  // @ts-expect-error a user needs a password
  await client.users.create({ username: 'ada', email: 'ada@example.com', password: undefined });
  // @ts-expect-error a field that users cannot set
  await client.users.update('me', { roles: ['admin'] });
  // @ts-expect-error either the email or the username
  await client.login({ username: 'ada', email: 'ada@example.com', password: 'secret' });
  try {
    await client.users.setStatus(user.id, 'suspended');
  } catch (error) {
    if (error instanceof RateLimitError) return [user, undefined];
    if (error instanceof ApiError && error.reason === 'token_expired') throw new ClientError(error.details[0]?.rule);
  }
  const { value } = await client.audit.export().next();
  return [user, value ?? undefined];
}
`;

const STRICT = {
  target: 'ES2022',
  lib: ['ES2022'],
  types: [],
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

/** What the README's snippets take from around them. */
const README_GLOBALS = `
declare const createClient: typeof import('user-management-api-client').createClient;
declare const client: import('user-management-api-client').Client;
declare const etag: string;
declare const currentPassword: string;
declare const visitor: string;
declare const sessions: {
  read(visitor: string, key: string): Promise<string | null>;
  write(visitor: string, key: string, value: string): Promise<void>;
  remove(visitor: string, key: string): Promise<void>;
};
declare function showNewerVersion(): Promise<void>;
declare function markField(field: string | undefined): void;
declare function showOffline(): void;
declare function report(code: string, requestId: string): void;
`;

/** @returns what the compiler complains about */
function compile(project: string): string {
  const tsc = resolve('node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '-p', join(folder, project)], { encoding: 'utf8' }).stdout;
}

let folder: string;
let files: string[];
beforeAll(async () => {
  folder = newFolder();
  const project = join(folder, 'project');
  await mkdir(project, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE });
  const [packed] = JSON.parse(stdout);
  files = packed.files.map(({ path }: { path: string }) => path);
  await writeFile(join(project, 'package.json'), '{ "type": "module", "private": true }');
  const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder, packed.filename)];
  await run('npm', install, { cwd: project });
  await writeFile(join(project, 'consumer.ts'), CONSUMER);
  folder = project;
}, 120_000);
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

describe('The packed client', () => {
  it('brings its code, types, README and licence, and no other package', async () => {
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
    );
    expect(files.filter((path) => !/^(?:dist\/|LICENSE$|README\.md$|package\.json$)/.test(path))).toEqual([]);
    expect(await readdir(join(folder, 'node_modules'))).toEqual(['.package-lock.json', 'user-management-api-client']);
    const manifest = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
    expect(Object.keys(manifest.scripts)).toEqual(['prepack']);
    expect(manifest).toMatchObject({ type: 'module', sideEffects: false, license: 'MIT' });
    expect(manifest.version).toBe(JSON.parse(await readFile('package.json', 'utf8')).version);
    expect(await readFile(join(PACKAGE, 'LICENSE'), 'utf8')).toBe(await readFile('LICENSE', 'utf8'));
  });

  it.each([
    ['NodeNext', 'NodeNext', ['ES2022']],
    ['ESNext', 'Bundler', ['ES2022']],
    ['NodeNext', 'NodeNext', ['ES2022', 'DOM']],
  ])('compiles in a strict project: %s, %s, %j', async (module, moduleResolution, lib) => {
    const source = lib.includes('DOM') ? CONSUMER.replace(/declare const localStorage: \{.*?\};/s, '') : CONSUMER;
    const name = `consumer-${moduleResolution}-${lib.length}`;
    await writeFile(join(folder, `${name}.ts`), source);
    const settings = { compilerOptions: { ...STRICT, module, moduleResolution, lib }, files: [`${name}.ts`] };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(settings));
    expect(compile(`${name}.json`)).toBe('');
  });

  it('does what its README shows, as far as types can tell', async () => {
    const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8');
    const snippets = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, snippet = '']) => snippet);
    expect(snippets.length).toBeGreaterThan(4);
    await writeFile(join(folder, 'readme.d.ts'), README_GLOBALS);
    const names = snippets.map((_, index) => `readme-${index}.ts`);
    await Promise.all(
      snippets.map((text, index) => writeFile(join(folder, `readme-${index}.ts`), `${text}export {};`)),
    );
    const compilerOptions = { ...STRICT, module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022', 'DOM'] };
    await writeFile(join(folder, 'readme.json'), JSON.stringify({ compilerOptions, files: ['readme.d.ts', ...names] }));
    expect(compile('readme.json')).toBe('');
  });

  it(`has all its exports in less than ${MAX_BYTES} bytes, minified and compressed`, async () => {
    const bundle = await bundleClient('--minify');
    expect(gzipSync(await readFile(bundle), { level: 9 }).length).toBeLessThan(MAX_BYTES);
  });
});

describe("The README's first lines", () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('run in the project that installed the package', async () => {
    const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8');
    const [, snippet = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    const script = snippet
      .replace('https://accounts.example.com', test.api.origin)
      .replace('ada@example.com', ADMIN.email)
      .replace(/password: '[^']+'/, `password: '${ADMIN.password}'`);
    const globals =
      'globalThis.localStorage = { items: {}, getItem(key) { return this.items[key] ?? null; }, setItem(key, value) { this.items[key] = value; }, removeItem(key) { delete this.items[key]; } };\n';
    await writeFile(join(folder, 'globals.mjs'), globals);
    await writeFile(join(folder, 'first.mjs'), `import './globals.mjs';\n${script}`);
    const { stdout } = await run(process.execPath, ['first.mjs'], { cwd: folder });
    expect(stdout).toContain(ADMIN.username);
  });
});
