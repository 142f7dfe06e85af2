// Builds dist/ when it is missing or older than what it is made from, so that a fresh clone starts with one command
// and a production image, which has no sources and no compiler, starts what it has.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const product = join(root, 'dist', 'main.js');
const generated = join(root, 'src', 'platform', 'database', 'generated');

function newest(path) {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const children = readdirSync(path).filter((name) => name !== 'generated');
  // The folder's own time too: a file may have gone.
  return Math.max(stats.mtimeMs, ...children.map((name) => newest(join(path, name))));
}

const sources = ['src', 'prisma/schema', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const canBuild = existsSync(join(root, 'src')) && existsSync(join(root, 'node_modules', '@nestjs', 'cli'));
const current =
  existsSync(generated) &&
  existsSync(product) &&
  newest(product) >= Math.max(...sources.map((name) => newest(join(root, name))));

if (canBuild && !current) {
  process.stderr.write('Building…\n');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}
