// Writes docs/api/openapi.yaml from the built application.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createApp, declarations } from '../dist/app.js';
import { loadConfig } from '../dist/config/index.js';
import { describeApi } from '../dist/platform/openapi/index.js';

const folder = mkdtempSync(join(tmpdir(), 'uma-openapi-'));
const app = await createApp(loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', API_DOCS: 'false' }));
try {
  const path = fileURLToPath(new URL('../docs/api/openapi.yaml', import.meta.url));
  writeFileSync(path, stringify(await describeApi(app, declarations(app)), { aliasDuplicateObjects: false }));
} finally {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
