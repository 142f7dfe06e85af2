import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig, readEnvFile } from '../../src/config/index.js';
import { newFolder } from '../support/stores.js';

const TEXT = 'NODE_ENV=production\nJWT_SECRET="a#b c"\n';
const SECRETS = {
  JWT_SECRET: 'k1-nothing-but-a-test-signs-with-this-one',
  JWT_REFRESH_SECRET: 'k2-nothing-but-a-test-signs-with-this-one',
};

let folder = '';
let made = 0;
beforeAll(() => {
  folder = newFolder();
  mkdirSync(folder, { recursive: true });
});

function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `file${++made}`);
  writeFileSync(path, content);
  return path;
}

function faultsOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('The file .env', () => {
  it.each([
    ['as it is', TEXT],
    ['with a byte order mark', `\uFEFF${TEXT}`],
    ['with carriage returns', TEXT.replaceAll('\n', '\r\n')],
    ['with comments that have a #', `# a#b\n${TEXT}DB_NAME=users # or a#b\nDB_USER=#none\n`],
  ])('is read %s', (_, text) => {
    expect(readEnvFile(fileOf(text))).toMatchObject({ NODE_ENV: 'production', JWT_SECRET: 'a#b c' });
  });

  it.each<[string, Uint8Array]>([
    ['UTF-16 with its mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(TEXT, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16()],
    ['Latin-1', Buffer.from('DB_NAME=käfer\n', 'latin1')],
  ])('is refused in %s', (_, bytes) => {
    const path = fileOf(bytes);
    expect(faultsOf(() => readEnvFile(path))).toEqual([expect.stringMatching(`^${path} must be in UTF-8`)]);
  });

  it.each([
    'JWT_SECRET=abc#def',
    '  JWT_SECRET = abc#def',
    'export JWT_SECRET=a b#c',
    'JWT_SECRET=x#',
    'JWT_SECRET=a"b#c"',
  ])('is refused where a # would cut a value: %s', (line) => {
    const path = fileOf(`PORT=1\r\n${line}\r\n`);
    const fault = `${path}, line 2: put the value of JWT_SECRET in quotes, because it has a #`;
    expect(faultsOf(() => readEnvFile(path))).toEqual([fault]);
  });

  it('may be missing, and is named where it cannot be read', () => {
    expect(readEnvFile(join(folder, 'none'))).toBeUndefined();
    expect(faultsOf(() => readEnvFile(folder))).toEqual([`${folder} cannot be read (EISDIR)`]);
  });
});

describe('A secret in a file', () => {
  it.each([
    ['alone', SECRETS.JWT_SECRET],
    ['with a new line behind it', `${SECRETS.JWT_SECRET}\n`],
    ['with a carriage return and a new line', `${SECRETS.JWT_SECRET}\r\n`],
    ['with a byte order mark', `\uFEFF${SECRETS.JWT_SECRET}`],
  ])('is read %s', (_, content) => {
    const config = loadConfig({ ...SECRETS, JWT_SECRET: '', JWT_SECRET_FILE: fileOf(content) });
    expect(config.tokens.accessSecret).toBe(SECRETS.JWT_SECRET);
    expect(config.warnings).toEqual([]);
  });

  it('may be any that there is', () => {
    const url = 'postgresql://app:pw@db.test/users';
    const config = loadConfig({
      ...SECRETS,
      DATABASE_URL_FILE: fileOf(url),
      MIGRATION_DATABASE_URL_FILE: fileOf(url.replace('app', 'owner')),
      REDIS_URL_FILE: fileOf('redis://:pw@cache.test/2'),
      ADMIN_EMAIL: 'a@example.com',
      ADMIN_USERNAME: 'ada',
      ADMIN_PASSWORD_FILE: fileOf('Two words '),
    });
    expect(config).toMatchObject({
      database: { url },
      migrationDatabase: { url: url.replace('app', 'owner') },
      cache: { url: 'redis://:pw@cache.test/2' },
      firstAdmin: { password: 'Two words ' },
    });
  });

  it('is checked like any other, and its file is named', () => {
    const faults = faultsOf(() =>
      loadConfig({
        ...SECRETS,
        DATABASE_URL_FILE: fileOf('mysql://db.test'),
        DB_PASSWORD_FILE: join(folder, 'none'),
        REDIS_URL_FILE: fileOf('\n'),
        JWT_SECRET_FILE: fileOf('another'),
        AUDIT_SIGNING_KEY_FILE: folder,
        ADMIN_PASSWORD_FILE: fileOf(Uint8Array.of(0x41, 0xff, 0xfe)),
      }),
    );
    expect(faults).toEqual([
      'DB_PASSWORD_FILE must name a file that can be read (ENOENT)',
      'REDIS_URL_FILE must name a file that is not empty',
      'JWT_SECRET and JWT_SECRET_FILE must not both be set',
      'AUDIT_SIGNING_KEY_FILE must name a file that can be read (EISDIR)',
      'ADMIN_PASSWORD_FILE must name a file in UTF-8',
      expect.stringMatching(/^DATABASE_URL must be/),
    ]);
  });
});

describe('A variable of an unknown name', () => {
  it.each([
    ['JWT_EXPIRE_IN', 'JWT_EXPIRES_IN'],
    ['JWT_SECRET_FILES', 'JWT_SECRET_FILE'],
    ['RATE_LIMIT_MAX_REQUEST', 'RATE_LIMIT_MAX_REQUESTS'],
    ['ADMIN_PASWORD', 'ADMIN_PASSWORD'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['Cors_Origin', 'CORS_ORIGIN'],
  ])('is named in a warning, with the nearest known one: %s', (name, nearest) => {
    expect(loadConfig({ ...SECRETS, [name]: 'x' }).warnings).toEqual([
      `${name} is not a variable of this service, and is ignored. Did you mean ${nearest}?`,
    ]);
  });

  it('is left alone with a prefix of other programs, empty, or as Kubernetes sets it for a service', () => {
    const others = {
      NODE_OPTIONS: '--max-old-space-size=512',
      NODE_VERSION: '24.1.0',
      UV_CACHE_DIR: '/tmp',
      PATH: '/bin',
      HOSTNAME: 'pod-1',
      JWT_SECRETS: '',
      SESSION_MANAGER: 'local/desktop:@/tmp/.ICE-unix/1',
      REDIS_PORT: 'tcp://10.0.0.1:6379',
      REDIS_SERVICE_HOST: '10.0.0.1',
      REDIS_SERVICE_PORT_TLS: '6379',
      DB_PORT_5432_TCP_ADDR: '10.0.0.2',
    };
    expect(loadConfig({ ...SECRETS, ...others }).warnings).toEqual([]);
  });
});

describe('REDIS_URL', () => {
  it.each(['redis://cache.test', 'rediss://u:p%23w@cache.test:6380/15', 'redis://:p@[::1]:6379/', 'memory:'])(
    'may be %s',
    (url) => expect(faultsOf(() => loadConfig({ ...SECRETS, REDIS_URL: url }))).toEqual([]),
  );

  it.each([
    'redis://:pa#ss@cache.test:6379',
    'redis://user:pa/ss@cache.test',
    'redis://user:1/2@cache.test',
    'redis://:12#3@cache.test',
    'redis://cache.test/zero',
    'redis:///0',
    'redis://cache.test:70000',
  ])('is named where it cannot be meant like that: %s', (url) => {
    const faults = faultsOf(() => loadConfig({ ...SECRETS, REDIS_URL: url }));
    expect(faults).toEqual([expect.stringMatching(/^REDIS_URL must be a redis:\/\/ .* %23 /)]);
    expect(faults.join()).not.toContain('cache.test');
  });
});
