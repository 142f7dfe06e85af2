import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';

const POSTGRES_URL = process.env.TEST_POSTGRES_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

async function answers(url) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), timeout: 2_000 });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

/** Every suite under test/api, /integration and /reliability runs once for each pair of stores there is. */
function onStores(name, stores) {
  return {
    ...common,
    displayName: name,
    globals: { STORES: stores },
    testMatch: ['<rootDir>/test/{api,integration,reliability}/**/*.test.ts'],
  };
}

export default async () => {
  const servers = (await answers(POSTGRES_URL)) && (await answers(REDIS_URL));
  if (!servers && process.env.CI === 'true') {
    throw new Error(`CI tests on PostgreSQL and Redis too, and they do not answer: ${POSTGRES_URL}, ${REDIS_URL}`);
  }
  process.stderr.write(
    servers
      ? 'Testing on the embedded stores, and on PostgreSQL and Redis.\n'
      : 'Testing on the embedded stores only: PostgreSQL and Redis do not answer.\n',
  );
  // For the global set-up, and for the workers, which inherit the environment.
  if (servers) Object.assign(process.env, { TEST_POSTGRES_URL: POSTGRES_URL, TEST_REDIS_URL: REDIS_URL });
  return {
    globalSetup: '<rootDir>/test/support/global-setup.mjs',
    globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    maxWorkers: 2,
    testTimeout: 60_000,
    projects: [
      { ...common, displayName: 'once', testMatch: ['<rootDir>/test/{unit,project}/**/*.test.ts'] },
      onStores('embedded', 'embedded'),
      ...(servers ? [onStores('servers', 'servers')] : []),
    ],
  };
};
