// node scripts/generate-client.mjs [folder]: writes the generated part of the client from docs/api/openapi.yaml.
// node scripts/generate-client.mjs --check: writes nothing, and fails where the committed part is outdated.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMITTED = join(ROOT, 'packages/client/src/generated');

const temporary = mkdtempSync(join(tmpdir(), 'uma-client-'));
try {
  const [argument] = process.argv.slice(2);
  if (argument !== '--check') generate(argument === undefined ? COMMITTED : resolve(argument));
  else {
    generate(join(temporary, 'generated'));
    const outdated = differences(join(temporary, 'generated'), COMMITTED);
    if (outdated.length > 0) {
      process.stderr.write(`The client is outdated (run "npm run docs:api"): ${outdated.join(', ')}\n`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(temporary, { recursive: true });
}

function generate(path) {
  const settings = {
    input: join(ROOT, 'docs/api/openapi.yaml'),
    // Node.js resolves only imports that name the file's extension.
    output: { path, importFileExtension: '.js', entryFile: false },
    logs: { file: false },
    plugins: [
      '@hey-api/typescript',
      '@hey-api/client-fetch',
      // Without a client of its own, a module has no side effects: bundlers drop the operations that are not used.
      { name: '@hey-api/sdk', client: false },
    ],
  };
  const file = join(temporary, 'openapi-ts.config.mjs');
  writeFileSync(file, `export default ${JSON.stringify(settings)};\n`);
  const command = [join(ROOT, 'scripts/api-tool.mjs'), 'openapi-ts', '-f', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: temporary, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openapi-ts ended with ${status}\n${stdout}${stderr}`);
}

/** Lists the files that two folders do not have in common. */
function differences(one, other) {
  const [left, right] = [contents(one), contents(other)];
  const names = new Set([...left.keys(), ...right.keys()]);
  return [...names].filter((name) => left.get(name) !== right.get(name)).toSorted();
}

function contents(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}
