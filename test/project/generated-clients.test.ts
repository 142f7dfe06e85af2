import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toOpenApi30 } from '../../src/platform/openapi/openapi-3.0.js';
import { startApp, type TestApp } from '../support/app.js';
import { description } from '../support/description.js';
import { newAccount } from '../support/factories.js';

/** The first run on a machine installs the generators. */
const TIMEOUT_MS = 300_000;
const TSC = resolve('node_modules/typescript/bin/tsc');
const STRICT = '--strict --target es2022 --module nodenext --lib es2022,dom,dom.iterable --skipLibCheck false'.split(
  ' ',
);

const run = promisify(execFile);

/** Registers, logs in, reads the own profile, and then asks for what only admins may see. */
const USES = {
  orval: `
    import { createUser, getUser, listUsers, login } from './api.js';
    const account = JSON.parse(process.argv[2] ?? '');
    const created = await createUser(account);
    if (created.status !== 201) throw new Error(String(created.status));
    const started = await login({ username: account.username, password: account.password });
    if (started.status !== 200) throw new Error(String(started.status));
    const headers = { authorization: \`Bearer \${started.data.data.accessToken}\` };
    const me = await getUser('me', { headers });
    if (me.status !== 200) throw new Error(String(me.status));
    const list = await listUsers({ status: 'active', limit: 1 }, { headers });
    const refusal = list.status === 403 ? list.data.error.code : list.status;
    console.log(JSON.stringify([created.data.data.user.id === me.data.data.user.id, me.data.data.user.status, refusal]));`,
  'openapi-ts': `
    import { createUser, getUser, listUsers, login } from './api/index.js';
    import { client } from './api/client.gen.js';
    client.setConfig({ baseUrl: process.argv[3] });
    const body = JSON.parse(process.argv[2] ?? '');
    const created = await createUser({ body, throwOnError: true });
    const started = await login({ body: { username: body.username, password: body.password }, throwOnError: true });
    client.setConfig({ auth: started.data.data.accessToken });
    const me = await getUser({ path: { id: 'me' }, throwOnError: true });
    const list = await listUsers({ query: { status: 'active', limit: 1 } });
    console.log(JSON.stringify([created.data.data.user.id === me.data.data.user.id, me.data.data.user.status, list.error?.error.code]));`,
};

let test: TestApp;
let folder: string;
beforeAll(async () => {
  test = await startApp();
  folder = await mkdtemp(join(tmpdir(), 'uma-clients-'));
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

const documents = {
  '3.1': description,
  '3.0': toOpenApi30(description as unknown as OpenAPIObject),
};

/** Generates a client into the folder `cwd`. */
async function generate(generator: keyof typeof USES, input: string, cwd: string): Promise<void> {
  const settings = {
    orval: { api: { input, output: { target: './api.ts', client: 'fetch', baseUrl: test.api.origin } } },
    // Node.js resolves only imports that name the file's extension.
    'openapi-ts': { input, output: { path: './api', importFileExtension: '.js' }, logs: { file: false } },
  };
  const file = join(cwd, `${generator}.config.mjs`);
  await writeFile(file, `export default ${JSON.stringify(settings[generator])};`);
  const option = generator === 'orval' ? '--config' : '-f';
  await run(process.execPath, [resolve('scripts/api-tool.mjs'), generator, option, file], { cwd });
}

it.each(
  (['orval', 'openapi-ts'] as const).flatMap((generator) =>
    (['3.1', '3.0'] as const).map((version) => [generator, version] as const),
  ),
)(
  'generates by %s, from OpenAPI %s, a client that compiles and works',
  async (generator, version) => {
    const cwd = await mkdtemp(join(folder, 'client-'));
    const input = join(cwd, 'openapi.json');
    await writeFile(input, JSON.stringify(documents[version]));
    await generate(generator, input, cwd);
    await writeFile(join(cwd, 'package.json'), '{ "type": "module" }');
    await writeFile(join(cwd, 'process.d.ts'), 'declare const process: { readonly argv: readonly string[] };');
    await writeFile(join(cwd, 'use.ts'), USES[generator]);
    await run(process.execPath, [TSC, ...STRICT, '--outDir', 'out', 'use.ts', 'process.d.ts'], { cwd });
    const args = [join(cwd, 'out/use.js'), JSON.stringify(newAccount()), test.api.origin];
    const { stdout } = await run(process.execPath, args, { cwd });
    expect(JSON.parse(stdout)).toEqual([true, 'active', 'FORBIDDEN']);
  },
  TIMEOUT_MS,
);
