import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { Redis } from 'ioredis';
import pg from 'pg';

const POSTGRES_URL = process.env.TEST_POSTGRES_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';
const PROBE_TIMEOUT_MS = 2_000;

/** Whether the suites may use these servers: they let them in, and databases be created. */
async function serversAnswer() {
  const client = new pg.Client({ connectionString: POSTGRES_URL, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  const redis = new Redis(REDIS_URL, {
    lazyConnect: true,
    connectTimeout: PROBE_TIMEOUT_MS,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
    );
    await redis.connect();
    await redis.ping();
    return rows[0]?.may === true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
    redis.disconnect();
  }
}

/** Programs that suites about servers start themselves, and the files of those suites. */
const PROGRAMS = {
  pgbouncer: 'pgbouncer\\.servers',
  pg_config: 'database-(?:access|faults|standby)\\.servers',
  'redis-server': '(?:cache|revocation|redis-refusals(?:\\.servers)?)',
  chromium: '[^/]+\\.browser',
};
/** Those that suites on the embedded stores start, too. */
const EVERYWHERE = ['chromium'];

function suitesOf(program) {
  return `/${PROGRAMS[program]}\\.test\\.ts$`;
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'es6' },
  },
];

/** Packages that keep what decorators note: a suite and the application share them, as they do the application's modules. */
const NEST = '@nestjs/(?:common|core)';
const CLASSES = 'class-(?:transformer|validator)';

const common = {
  testEnvironment: '<rootDir>/test/support/built-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^#(.*)$': '<rootDir>/src/$1/index.ts' },
  transform: {
    '/(?:test|src/extensions|packages/client/src)/.+\\.ts$': swc,
    [`/(?:src|${NEST})/`]: '<rootDir>/test/support/built-module.mjs',
    [`/${CLASSES}/`]: '<rootDir>/test/support/loaded-package.mjs',
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:${NEST}|${CLASSES})/)`],
};

/**
 * Every suite under test/api, /integration and /reliability runs once for each pair of stores there is; those that are
 * about servers, as their name says, on servers alone.
 */
function onStores(name, stores, missing = []) {
  return {
    ...common,
    displayName: name,
    globals: { STORES: stores },
    testMatch: [
      '<rootDir>/test/{api,integration,reliability}/**/*.test.ts',
      '<rootDir>/src/extensions/[a-z]*/**/*.test.ts',
    ],
    testPathIgnorePatterns:
      stores === 'embedded'
        ? ['\\.servers\\.test\\.ts$', ...missing.filter((program) => EVERYWHERE.includes(program)).map(suitesOf)]
        : missing.map(suitesOf),
  };
}

export default async () => {
  const servers = await serversAnswer();
  if (!servers && process.env.CI === 'true') {
    throw new Error(`CI tests on PostgreSQL and Redis too, and they do not answer: ${POSTGRES_URL}, ${REDIS_URL}`);
  }
  const needed = servers ? Object.keys(PROGRAMS) : EVERYWHERE;
  const missing = needed.filter((name) => !isInstalled(name));
  if (missing.length > 0 && process.env.CI === 'true') {
    throw new Error(
      `CI runs suites that start programs of their own, and these are not installed: ${missing.join(', ')}`,
    );
  }
  if (missing.length > 0) process.stderr.write(`Left out: suites that need ${missing.join(', ')}.\n`);
  process.stderr.write(
    servers
      ? 'Testing on the embedded stores, and on PostgreSQL and Redis.\n'
      : 'Testing on the embedded stores only: PostgreSQL and Redis do not answer.\n',
  );
  // For the global set-up, and for the workers, which inherit the environment.
  if (servers) Object.assign(process.env, { TEST_POSTGRES_URL: POSTGRES_URL, TEST_REDIS_URL: REDIS_URL });
  return {
    globalSetup: '<rootDir>/test/support/global-setup.mjs',
    // Only a run of all suites can meet every answer.
    reporters: ['default', ...(process.argv.length === 2 ? ['<rootDir>/test/support/unmet-answers.mjs'] : [])],
    globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    maxWorkers: 2,
    // What a suite has loaded is not all collected: a worker that grows past this makes way for a new one.
    workerIdleMemoryLimit: '600MB',
    // Nothing is open then, but freeing some hundred MB takes longer than Jest's half a second on a busy machine.
    workerGracefulExitTimeout: 10_000,
    testTimeout: 60_000,
    projects: [
      { ...common, displayName: 'once', testMatch: ['<rootDir>/test/{unit,project}/**/*.test.ts'] },
      onStores('embedded', 'embedded', missing),
      ...(servers ? [onStores('servers', 'servers', missing)] : []),
    ],
  };
};
