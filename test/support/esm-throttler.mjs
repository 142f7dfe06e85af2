import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Writes a copy of @nestjs/throttler as ES modules, which the suites import instead of the package. The package is
 * CommonJS and requires @nestjs/common, an ES module, which Jest can do only from Node 24.9 on. Tests that start the
 * built application use the package itself.
 *
 * @param {string} root the project's folder
 * @returns {string} the path of the copy's index
 */
export function writeEsmThrottler(root) {
  const source = dirname(createRequire(import.meta.url).resolve('@nestjs/throttler'));
  const folder = join(root, 'node_modules/.cache/esm-throttler');
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source).filter((name) => name.endsWith('.js'))) {
    writeFileSync(join(folder, file.replace(/\.js$/, '.mjs')), toEsm(readFileSync(join(source, file), 'utf8')));
  }
  return join(folder, 'index.mjs');
}

/** Rewrites CommonJS, in the form that TypeScript emits, as an ES module. */
function toEsm(text) {
  const names = new Set([...text.matchAll(/exports(?:\.|, ")(\w+)/g)].map(([, name]) => name));
  names.delete('__esModule');
  const body = text
    .replaceAll(/^__exportStar\(require\("([^"]+)"\), exports\);$/gm, (_, from) => `export * from '${target(from)}';`)
    .replaceAll(
      /^(?:const|var) (\w+) = require\("([^"]+)"\);$/gm,
      (_, name, from) => `import * as ${name} from '${target(from)}';`,
    );
  const exported = [...names].map((name) => `const exported_${name} = exports.${name};`);
  const list = [...names].map((name) => `exported_${name} as ${name}`).join(', ');
  return ['const exports = {};', body, ...exported, `export { ${list} };`].join('\n');
}

function target(from) {
  return from.startsWith('.') ? `${from}.mjs` : from;
}
