import { afterEach, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { killPrograms, runProgram, spawnApp, type Typed } from '../support/process.js';
import { createStores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const LOOPBACK = '127.0.0.1';

async function linesOf(env: Record<string, string>, typed?: Typed): Promise<string[]> {
  const { code, stderr } = await runProgram('main.js', { LOG_LEVEL: 'silent', ...env }, typed);
  expect(code).toBe(1);
  return stderr.trimEnd().split('\n');
}

describe('A start', () => {
  afterEach(killPrograms);

  it('reads the first line of a .env that begins with a byte order mark', async () => {
    const envFile = '\uFEFFNODE_ENV=production\nREDIS_URL=memory:\nDATABASE_URL=pglite:/data\n';
    const lines = await linesOf({}, { envFile });
    expect(lines).toEqual([
      expect.stringMatching(/^JWT_SECRET is required in production/),
      expect.stringMatching(/^JWT_REFRESH_SECRET is required in production/),
    ]);
  });

  it.each([
    ['a .env in UTF-16', { envFile: Buffer.from('\uFEFFPORT=1\n', 'utf16le') }, /^\.env must be in UTF-8/],
    ['a # in a secret without quotes', { envFile: 'JWT_SECRET=a#b\n' }, /^\.env, line 1: put the value of JWT_SECRET/],
  ])('ends with one line for %s', async (_, typed, line) => {
    expect(await linesOf({}, typed)).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    ['a folder below a file', { DATA_DIR: '/dev/null/data' }, /^DATA_DIR must name a folder .*\/dev\/null\/data \(/],
    ['an unescaped # in REDIS_URL', { ...SECRETS, REDIS_URL: 'redis://:a#b@x' }, /^REDIS_URL must be a redis:/],
    ['a file of a secret that is not there', { JWT_SECRET_FILE: '/none' }, /^JWT_SECRET_FILE must name .*\(ENOENT\)$/],
  ])('ends with one line for %s', async (_, env, line) => {
    expect(await linesOf(env)).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    [
      'that no machine has',
      '203.0.113.77',
      /^PORT \d+ on HOST 203\.0\.113\.77 .*: HOST is no address of this machine\.$/,
    ],
    ['in use', LOOPBACK, /^PORT \d+ on HOST 127\.0\.0\.1 cannot be listened on: another process uses it\.$/],
  ])('ends with one line for an address %s', async (_, host, line) => {
    const [stores, others] = [await createStores(), await createStores()];
    const other = await spawnApp({ ...others.env, ...SECRETS });
    const PORT = new URL(other.api.origin).port;
    expect(await linesOf({ ...stores.env, ...SECRETS, HOST: host, PORT })).toEqual([expect.stringMatching(line)]);
    await other.stop();
    await Promise.all([stores.remove(), others.remove()]);
  });

  it('warns of a misspelt variable, and once of a proxy that it does not trust', async () => {
    const stores = await createStores();
    const app = await spawnApp({ ...stores.env, ...SECRETS, JWT_EXPIRE_IN: '2h' });
    const warnings = () => app.logged().filter(({ level }) => level === 'warn');
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    for (let n = 0; n < 3; n += 1) await app.api.get('/health/live', { headers });
    await waitUntil('the warnings are logged', async () => warnings().length > 1);
    await app.stop();
    expect(warnings()).toEqual([
      expect.objectContaining({ msg: expect.stringMatching(/^JWT_EXPIRE_IN .* Did you mean JWT_EXPIRES_IN\?$/) }),
      expect.objectContaining({ msg: expect.stringMatching(/^X-Forwarded-For .* TRUST_PROXY /), peer: LOOPBACK }),
    ]);
    const trusting = await spawnApp({ ...stores.env, ...SECRETS, TRUST_PROXY: LOOPBACK });
    await trusting.api.get('/health/live', { headers });
    await trusting.stop();
    expect(trusting.logged().filter(({ level }) => level === 'warn')).toEqual([]);
    await stores.remove();
  });
});
