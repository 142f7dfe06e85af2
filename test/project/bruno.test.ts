import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/factories.js';

const COLLECTION = 'docs/bruno';
/** The first use on a machine installs Bruno. */
const TIMEOUT_MS = 300_000;
const REQUEST = /^(get|post|put|patch|delete) \{\n {2}url: \{\{baseUrl\}\}([^?\n]*)/m;

/** The operations that the collection requests, as `GET /api/v1/users/{id}`. */
async function requested(): Promise<Set<string>> {
  const names = await readdir(COLLECTION, { recursive: true });
  const files = names.filter((name) => name.includes('/') && name.endsWith('.bru'));
  const texts = await Promise.all(files.map((name) => readFile(join(COLLECTION, name), 'utf8')));
  const requests = texts.map((text) => REQUEST.exec(text) ?? []).filter(([found]) => found !== undefined);
  return new Set(requests.map(([, method, path = '']) => routeOf(method, path.replaceAll(/:(\w+)/g, '{$1}'))));
}

/** The operations that are described, each with its id. */
async function described(): Promise<Map<string, string>> {
  const { paths } = parse(await readFile('docs/api/openapi.yaml', 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  return new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { operationId }]) => [routeOf(method, path), operationId]),
    ),
  );
}

function routeOf(method = '', path = ''): string {
  return `${method.toUpperCase()} ${path}`;
}

/** Runs the collection from top to bottom against a server. */
async function run(origin: string): Promise<{ readonly code: number; readonly output: string }> {
  const variables = [`baseUrl=${origin}`, `adminEmail=${ADMIN.email}`, `adminPassword=${ADMIN.password}`];
  const options = ['--env', 'localhost', ...variables.flatMap((variable) => ['--env-var', variable])];
  const child = spawn(process.execPath, [resolve('scripts/api-tool.mjs'), 'bru', 'run', ...options], {
    cwd: COLLECTION,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

describe('The Bruno collection', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('has a request for each operation of the description, and no other', async () => {
    const [inCollection, inDescription] = await Promise.all([requested(), described()]);
    const missing = [...inDescription].filter(([route]) => !inCollection.has(route));
    const unknown = [...inCollection].filter((route) => !inDescription.has(route));
    expect([
      ...missing.map(([route, id]) => `docs/bruno lacks a request for ${id} (${route})`),
      ...unknown.map((route) => `docs/bruno requests ${route}, which the description lacks`),
    ]).toEqual([]);
  });

  it(
    'passes from top to bottom on a new server',
    async () => {
      const { code, output } = await run(test.api.origin);
      const failures = output.split(/^(?=[\w-]+\/[\w-]+ \()/m).filter((request) => request.includes('✕'));
      expect(failures).toEqual([]);
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    },
    TIMEOUT_MS,
  );
});
