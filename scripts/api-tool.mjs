// Runs a program that reads the API description: node scripts/api-tool.mjs <program> [arguments]
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('api-tools/', import.meta.url));
const FILES = ['package.json', 'package-lock.json'];
const PROGRAMS = {
  'openapi-ts': '@hey-api/openapi-ts',
  redocly: '@redocly/cli',
  spectral: '@stoplight/spectral-cli',
  bru: '@usebruno/cli',
  orval: 'orval',
};
/** What openapi-ts and orval need. */
const NODE_NEEDED = [22, 18];

const [program, ...args] = process.argv.slice(2);
const owner = PROGRAMS[program];
if (owner === undefined) {
  process.stderr.write(`Usage: node scripts/api-tool.mjs <${Object.keys(PROGRAMS).join('|')}> [arguments]\n`);
  process.exit(2);
}
const installed = install();
const { status, signal, error } = spawnSync(
  nodeFor(installed),
  [entryOf(installed), ...args, ...configuration(installed)],
  { stdio: 'inherit' },
);
if (error !== undefined) throw error;
process.exit(signal === null ? status : 1);

/** Installs what the lock file says, once on a machine: some 800 packages that the project itself does not need. */
function install() {
  const hash = createHash('sha256')
    .update(readFileSync(join(SOURCE, 'package-lock.json')))
    .digest('hex');
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const target = join(caches, `uma-api-tools-${hash.slice(0, 16)}`);
  if (existsSync(target)) return target;
  mkdirSync(caches, { recursive: true });
  const partial = mkdtempSync(`${target}-`);
  for (const file of FILES) cpSync(join(SOURCE, file), join(partial, file));
  process.stderr.write('Installing the API tools, once on this machine…\n');
  // The program's own output is on stdout, so npm writes to stderr.
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: partial,
    stdio: ['ignore', 2, 2],
  });
  try {
    renameSync(partial, target);
  } catch (renameError) {
    // Another process has just finished the same.
    if (!existsSync(target)) throw renameError;
    rmSync(partial, { recursive: true });
  }
  return target;
}

/** Where the linters find their rules. */
function configuration(folder) {
  if (program === 'redocly') return ['--config', join(SOURCE, 'redocly.yaml')];
  if (program !== 'spectral') return [];
  // Spectral looks for the rules that a file extends beside the file.
  cpSync(join(SOURCE, 'spectral.yaml'), join(folder, 'spectral.yaml'));
  return ['--ruleset', join(folder, 'spectral.yaml'), '--fail-severity', 'hint'];
}

/** This Node, where it is new enough, or the one that comes with the programs. */
function nodeFor(folder) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1])) return process.execPath;
  // Of the packages with a Node, npm installs the one for this machine.
  const packages = readdirSync(join(folder, 'node_modules')).filter((name) =>
    /^node-(?:bin-)?(?:darwin|linux|win)-/.test(name),
  );
  const binaries = packages.flatMap((name) =>
    ['node', 'node.exe'].map((file) => join(folder, 'node_modules', name, 'bin', file)),
  );
  const bundled = binaries.find(existsSync);
  if (bundled !== undefined) return bundled;
  throw new Error(`${program} needs Node ${NODE_NEEDED.join('.')} or newer, and this is ${process.versions.node}`);
}

function entryOf(folder) {
  const root = join(folder, 'node_modules', owner);
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(root, typeof bin === 'string' ? bin : bin[program]);
}
