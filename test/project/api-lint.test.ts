import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { toOpenApi30 } from '../../src/platform/openapi/openapi-3.0.js';
import { description } from '../support/description.js';

/** The first run on a machine installs the linters. */
const TIMEOUT_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'uma-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a linter finds; empty where it finds nothing. */
function faults(program: string, file: string): string {
  const args = ['scripts/api-tool.mjs', program, 'lint', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}

it.each(['spectral', 'redocly'])(
  'has no fault that %s finds in the API description',
  (program) => {
    expect(faults(program, 'docs/api/openapi.yaml')).toBe('');
  },
  TIMEOUT_MS,
);

it.each(['spectral', 'redocly'])(
  'has no fault that %s finds in the description as OpenAPI 3.0',
  (program) => {
    const file = join(folder, 'openapi-3.0.json');
    writeFileSync(file, JSON.stringify(toOpenApi30(description as unknown as OpenAPIObject)));
    expect(faults(program, file)).toBe('');
  },
  TIMEOUT_MS,
);
