// node scripts/pack-library.mjs [folder]: packs the built application as a package for other applications, with its types. The
// packages that an application has already are peers.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PEERS = new Set([
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-fastify',
  'fastify',
  'reflect-metadata',
  'rxjs',
]);
/** What is in the package besides the built files and their types. */
const CONTENTS = ['prisma/migrations', 'prisma/grants.sql', 'README.md', 'LICENSE'];

const target = resolve(process.argv[2] ?? '.');
const staging = await mkdtemp(join(tmpdir(), 'uma-library-'));

function run(program, args, cwd) {
  const { status, stdout } = spawnSync(program, args, { cwd, stdio: ['ignore', 'pipe', 2], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed\n${stdout}`);
  return stdout;
}

try {
  await cp(join(ROOT, 'dist'), join(staging, 'dist'), {
    recursive: true,
    filter: (path) => !/\.map$|dist.(?:extensions|commands.schema-engine)\b/.test(path),
  });
  // The types of what the package exports, and of what that names.
  const settings = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      rootDir: join(ROOT, 'src'),
      outDir: join(staging, 'dist'),
      typeRoots: [join(ROOT, 'node_modules/@types')],
      declaration: true,
      emitDeclarationOnly: true,
      sourceMap: false,
    },
    include: [join(ROOT, 'src/index.ts')],
  };
  await writeFile(join(staging, 'tsconfig.json'), JSON.stringify(settings));
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(staging, 'tsconfig.json')], ROOT);
  await rm(join(staging, 'tsconfig.json'));
  await rm(join(staging, 'dist/extensions'), { recursive: true, force: true });
  for (const path of CONTENTS) await cp(join(ROOT, path), join(staging, path), { recursive: true });
  const whole = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const { name, version, description, license, engines, dependencies, optionalDependencies } = whole;
  const isPeer = ([dependency]) => PEERS.has(dependency);
  const manifest = {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    bin: { uma: './dist/commands/uma.js' },
    imports: { '#*': { types: './dist/*/index.d.ts', default: './dist/*/index.js' } },
    dependencies: Object.fromEntries(Object.entries(dependencies).filter((entry) => !isPeer(entry))),
    peerDependencies: Object.fromEntries(Object.entries(dependencies).filter(isPeer)),
    optionalDependencies,
  };
  await writeFile(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await mkdir(target, { recursive: true });
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', target], staging));
  process.stdout.write(`${join(target, packed.filename)} (${packed.size} bytes)\n`);
} finally {
  await rm(staging, { recursive: true });
}
