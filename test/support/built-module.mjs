import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '../..');

/** Replaces a module by one that exports what Node.js has loaded: of a source file, the built one. See built-environment.mjs. */
export default {
  async processAsync(_source, path) {
    const built = builtFrom(path);
    const names = Object.keys(await import(built));
    const list = names.map((name) => `export const ${name} = built.${name};`);
    return { code: [`const built = await importNatively(${JSON.stringify(built)});`, ...list].join('\n') };
  },

  /** What a file exports may come from other files. */
  getCacheKeyAsync: async (_source, path) => `${path} ${statSync(join(ROOT, 'dist/main.js')).mtimeMs}`,
};

function builtFrom(path) {
  if (path.includes('node_modules')) return pathToFileURL(path).href;
  return pathToFileURL(join(ROOT, 'dist', relative(join(ROOT, 'src'), path).replace(/\.ts$/, '.js'))).href;
}
