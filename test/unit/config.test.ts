import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '../../src/config/index.js';

const GOOD = 'k1-nothing-but-a-test-signs-with-this-one';
const OTHER = 'k2-nothing-but-a-test-signs-with-this-one';
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://app_user@db.test/users',
  REDIS_URL: 'redis://cache.test',
  JWT_SECRET: GOOD,
  JWT_REFRESH_SECRET: OTHER,
};
const MAIL = {
  MAIL_URL: 'smtp://mail.test',
  MAIL_FROM: 'Accounts, Inc. <no-reply@accounts.test>',
  PUBLIC_URL: 'https://accounts.test/id',
  EMAIL_VERIFICATION: 'required',
};
const DEVELOPMENT = { JWT_SECRET: GOOD, JWT_REFRESH_SECRET: OTHER };

function faultsOf(variables: Record<string, string>): readonly string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('A production configuration', () => {
  it.each<[string, Record<string, string>]>([
    ['PostgreSQL and Redis', {}],
    ['embedded stores that are set explicitly', { DATABASE_URL: 'pglite:/data', REDIS_URL: 'memory:' }],
    ['DB_HOST', { DATABASE_URL: '', DB_HOST: 'db.test' }],
    ['mail', { MAIL_URL: 'smtps://user:p%40ss@mail.test', MAIL_FROM: 'a@b.test', PUBLIC_URL: 'https://accounts.test' }],
    ['own pages', { RESET_PASSWORD_URL: 'https://app.test/#/reset/{token}' }],
    ['a secret of 32 bytes', { JWT_SECRET: 'b3a1f09c7e52d8846fa0c19be7d3520X' }],
    ['a secret of 32 random hexadecimal digits', { JWT_SECRET: '9f86d081884c7d659a2feaa0c55ad015' }],
    ['a secret of 52 bytes in 26 letters', { JWT_SECRET: 'äßñéöŁžþøčåüęîđśŕõûğĸűþįŧæ' }],
    ["OWASP's 7 MiB with 5 passes", { ARGON2_MEMORY_KIB: '7168', ARGON2_TIME_COST: '5' }],
    ["OWASP's 46 MiB with 1 pass", { ARGON2_MEMORY_KIB: '47104', ARGON2_TIME_COST: '1' }],
  ])('accepts %s', (_, variables) => {
    expect(faultsOf({ ...PRODUCTION, ...variables })).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no secret', { JWT_SECRET: '' }, /^JWT_SECRET is required in production/],
    ['no refresh secret', { JWT_REFRESH_SECRET: '' }, /^JWT_REFRESH_SECRET is required in production/],
    ['a 31-byte secret', { JWT_SECRET: '0123456789abcdef0123456789abcde' }, /^JWT_SECRET must have at least 32 bytes/],
    ['the same secret twice', { JWT_SECRET: OTHER }, /^JWT_SECRET and JWT_REFRESH_SECRET must differ/],
    ['one repeated character', { JWT_SECRET: 'x'.repeat(64) }, /^JWT_SECRET is easy to guess/],
    ['change-me', { JWT_SECRET: `please-CHANGE-me-${GOOD}` }, /^JWT_SECRET looks like a placeholder/],
    ['an example', { JWT_REFRESH_SECRET: `Example-${GOOD}` }, /^JWT_REFRESH_SECRET looks like a placeholder/],
    ['your-…', { JWT_SECRET: `your-super-${GOOD}` }, /^JWT_SECRET looks like a placeholder/],
    ['secret_key', { JWT_SECRET: `my_SECRET_KEY_${GOOD}` }, /^JWT_SECRET looks like a placeholder/],
    ['a password', { JWT_SECRET: `passWord-${GOOD}` }, /^JWT_SECRET looks like a placeholder/],
    ['no database', { DATABASE_URL: '' }, /^DATABASE_URL .* is required in production/],
    ['no cache', { REDIS_URL: '' }, /^REDIS_URL is required in production/],
    ['little memory for hashes', { ARGON2_MEMORY_KIB: '19455' }, /^ARGON2_MEMORY_KIB and ARGON2_TIME_COST are below/],
    [
      'mail without a public address',
      { ...MAIL, PUBLIC_URL: '' },
      /^PUBLIC_URL is required in production with MAIL_URL/,
    ],
    ['mail without a sender', { ...MAIL, MAIL_FROM: '' }, /^MAIL_FROM is required in production with MAIL_URL/],
    ['verified emails without mail', { EMAIL_VERIFICATION: 'required' }, /^EMAIL_VERIFICATION=required needs MAIL_URL/],
    ['one pass over 19 MiB', { ARGON2_TIME_COST: '1' }, /^ARGON2_MEMORY_KIB and ARGON2_TIME_COST are below/],
  ])('refuses %s', (_, variables, fault) => {
    expect(faultsOf({ ...PRODUCTION, ...variables })).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    'abc'.repeat(20),
    'Xy7$'.repeat(8),
    'supersecret'.repeat(3),
    'deadbeef'.repeat(8),
    'äöüßäöüßäöüßäöüé',
    '12345678901234567890123456789012',
    '98765432109876543210987654321098',
    '0123456789abcdef0123456789abcdeX',
    'abcdefghijklmnopqrstuvwxyz012345',
    'acegikmoqsuwyacegikmoqsuwyacegik',
    'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6',
    'QWERTYUIOPASDFGHJKLZXCVBNM123456',
    '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9',
    'aaaaaaaabbbbbbbbccccccccdddddddd',
    '112233445566778899001122334455667',
  ])('refuses the pattern %s as any secret', (secret) => {
    const name = ['JWT_SECRET', 'JWT_REFRESH_SECRET'][secret.length % 2] ?? '';
    expect(faultsOf({ ...PRODUCTION, [name]: secret })).toEqual([expect.stringContaining(`${name} is easy to guess`)]);
  });

  it.each([
    'a-string-secret-at-least-256-bits-long',
    'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
    'A Valid String Secret That Is At Least 384 Bits Long',
    'DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET AND KEEP IT SAFE OUTSIDE OF THE SOURCE CODE.',
    'secretKey-secretKey-of-the-auth-module',
    Buffer.from('a-string-secret-at-least-256-bits-long').toString('base64'),
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  ])('refuses the sample %s', (secret) => {
    expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([
      expect.stringContaining('JWT_SECRET is a sample from a documentation'),
    ]);
  });

  it('accepts what the command that it recommends makes', () => {
    for (let n = 0; n < 200; n += 1) {
      const secret = randomBytes(48).toString('base64');
      // One in many holds a word such as "change" by chance.
      if (/change|example|password/i.test(secret)) continue;
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([]);
    }
  });

  it('never quotes a secret in an error', () => {
    expect(faultsOf({ ...PRODUCTION, JWT_SECRET: 'your-example' }).join()).not.toContain('your-example');
  });
});

describe('The configuration', () => {
  it.each<[string, string]>([
    ['NODE_ENV', 'prod'],
    ['PORT', '0x50'],
    ['PORT', '3000.5'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['API_VERSION', '1'],
    ['API_VERSION', 'v1/../v2'],
    ['DATABASE_URL', 'mysql://db.test/users'],
    ['DATABASE_URL', 'pglite:'],
    ['REDIS_URL', 'cache.test:6379'],
    ['DB_PORT', 'x'],
    ['JWT_EXPIRES_IN', '999ms'],
    ['JWT_EXPIRES_IN', '3651d'],
    ['JWT_REFRESH_GRACE_MS', '60001'],
    ['ARGON2_TIME_COST', '0'],
    ['ARGON2_MEMORY_KIB', '1048577'],
    ['ARGON2_PARALLELISM', '65'],
    ['PASSWORD_HASHER', 'bcrypt'],
    ['HASH_QUEUE_MAX', '10001'],
    ['HASH_QUEUE_MAX', '-1'],
    ['UV_THREADPOOL_SIZE', '0'],
    ['UV_THREADPOOL_SIZE', '1025'],
    ['PASSWORD_POLICY', 'none'],
    ['PASSWORD_BREACH_CHECK', 'on'],
    ['PUBLIC_URL', 'example.com/accounts'],
    ['PUBLIC_URL', 'https://example.com/?a=b'],
    ['PUBLIC_URL', 'https://example.com/#top'],
    ['PASSWORD_BREACH_URL', 'ftp://pwned.test'],
    ['PASSWORD_BREACH_URL', 'pwned.test'],
    ['REGISTRATION', 'sometimes'],
    ['MAIL_URL', 'mail.test:25'],
    ['MAIL_URL', 'smtp://user:a#b@mail.test'],
    ['MAIL_URL', 'smtp://user:%zz@mail.test'],
    ['MAIL_URL', 'smtp://mail.test?pool=true'],
    ['MAIL_URL', 'smtp://mail.test:0'],
    ['MAIL_FROM', 'Accounts'],
    ['MAIL_FROM', 'Accounts <a@b.test>, <c@d.test>'],
    ['MAIL_FROM', 'Accounts\nBcc: all <a@b.test>'],
    ['MAIL_TEMPLATES_DIR', '/dev/null'],
    ['MAIL_TEMPLATES_DIR', '/dev/null/x'],
    ['RESET_PASSWORD_URL', 'https://app.test/reset'],
    ['RESET_PASSWORD_URL', 'https://{token}.app.test/'],
    ['VERIFY_EMAIL_URL', 'javascript:{token}'],
    ['ACCEPT_INVITATION_URL', '/accept?token={token}'],
    ['EMAIL_VERIFICATION', 'yes'],
    ['NEW_DEVICE_NOTICE', 'true'],
    ['API_DOCS', 'yes'],
    ['CORS_ORIGIN', '*'],
    ['CORS_ORIGIN', 'https://app.test/'],
    ['CORS_ORIGIN', 'https://app.test,app.test'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.1, ::1/129'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_FORMAT', 'text'],
  ])('names the variable that is wrong: %s=%s', (name, value) => {
    expect(faultsOf({ ...DEVELOPMENT, [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}\\b`))]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a maximum pool size below the minimum', { DB_POOL_MIN: '11' }, 'DB_POOL_MIN must not exceed DB_POOL_MAX'],
    [
      'hashes more expensive than it would verify',
      { ARGON2_MEMORY_KIB: '1048576', ARGON2_TIME_COST: '5' },
      'ARGON2_MEMORY_KIB times ARGON2_TIME_COST must not exceed 4194304',
    ],
    ['a partial admin', { ADMIN_EMAIL: 'a@example.com' }, 'ADMIN_EMAIL, ADMIN_USERNAME and ADMIN_PASSWORD go together'],
  ])('refuses %s', (_, variables, fault) => {
    expect(faultsOf({ ...DEVELOPMENT, ...variables })).toEqual([fault]);
  });

  it('keeps one core and one pool thread free of hashing', () => {
    const cores = availableParallelism();
    const expected = { '': Math.min(cores, 4) - 1 || 1, '1024': cores - 1 || 1, '2': 1, '1': 1 };
    for (const [threads, running] of Object.entries(expected)) {
      expect(loadConfig({ ...DEVELOPMENT, UV_THREADPOOL_SIZE: threads }).hashing.running).toBe(running);
    }
  });

  it('sets the URL of the breach check only when the check is turned on', () => {
    const mirror = { PASSWORD_BREACH_URL: 'http://localhost:8080' };
    const on = { PASSWORD_BREACH_CHECK: 'hibp' };
    expect(loadConfig({ ...DEVELOPMENT, ...mirror }).breachUrl).toBeUndefined();
    expect(loadConfig({ ...DEVELOPMENT, ...on }).breachUrl).toBe('https://api.pwnedpasswords.com');
    expect(loadConfig({ ...DEVELOPMENT, ...on, ...mirror }).breachUrl).toBe('http://localhost:8080');
  });

  it('treats an empty variable as unset', () => {
    expect(loadConfig({ ...DEVELOPMENT, PORT: '', LOG_LEVEL: '' })).toMatchObject({
      port: 3000,
      log: { level: 'info' },
    });
  });

  it('builds the database URL from DB_* unless DATABASE_URL is set', () => {
    const parts = { DB_HOST: 'db.test', DB_USER: 'a:b', DB_PASSWORD: 'p@ss/word' };
    expect(loadConfig({ ...DEVELOPMENT, ...parts }).database).toMatchObject({
      url: 'postgresql://a%3Ab:p%40ss%2Fword@db.test:5432/user_management_db',
    });
    const url = 'postgresql://other.test/users';
    expect(loadConfig({ ...DEVELOPMENT, ...parts, DATABASE_URL: url }).database).toMatchObject({ url });
  });

  it('migrates with MIGRATION_DATABASE_URL, or with DATABASE_URL when that is unset', () => {
    const [app, owner] = ['postgresql://app@db.test/users', 'postgresql://owner@db.test/users'];
    const of = (variables: object) => loadConfig({ ...DEVELOPMENT, DATABASE_URL: app, ...variables });
    expect(of({}).migrationDatabase).toMatchObject({ url: app });
    expect(of({ MIGRATION_DATABASE_URL: owner })).toMatchObject({
      database: { url: app },
      migrationDatabase: { url: owner },
    });
  });
});

const urlFaults = (url: string) => faultsOf({ ...PRODUCTION, DATABASE_URL: url });

describe('The mail', () => {
  it('has links that begin with PUBLIC_URL, or lead to pages of one’s own', () => {
    const { mail } = loadConfig({ ...PRODUCTION, ...MAIL, VERIFY_EMAIL_URL: 'https://app.test/v?t={token}' });
    expect(mail).toMatchObject({
      to: { kind: 'smtp', url: 'smtp://mail.test' },
      from: { name: 'Accounts, Inc.', address: 'no-reply@accounts.test' },
      links: {
        resetPassword: 'https://accounts.test/id/account/reset-password#token={token}',
        verifyEmail: 'https://app.test/v?t={token}',
        acceptInvitation: 'https://accounts.test/id/account/accept-invitation#token={token}',
      },
    });
  });

  it('goes into files in development, and nowhere in production, unless there is a server', () => {
    const { mail } = loadConfig({ ...DEVELOPMENT, DATA_DIR: '/data', PORT: '4000' });
    expect(mail?.to).toEqual({ kind: 'files', folder: '/data/mail' });
    expect(mail?.links.resetPassword).toMatch(/^http:\/\/localhost:4000\/account\//);
    expect(loadConfig(PRODUCTION).mail).toBeUndefined();
  });
});

describe('The URL of a database', () => {
  it.each(['p#ss', 'p/ss', 'p?ss', '12#ss', '12/ss', '12?ss', '50%ss', '12/s#?s'])(
    'with the raw password %s is one fault, which does not repeat it',
    (password) => {
      const faults = urlFaults(`postgresql://app:${password}@db.test:5432/users`);
      expect(faults).toEqual([expect.stringMatching(/^DATABASE_URL cannot be read: write # /)]);
      expect(faults[0]).not.toContain(password);
      expect(urlFaults(`postgresql://app:${encodeURIComponent(password)}@db.test:5432/users`)).toEqual([]);
    },
  );

  it.each([
    ['?schema=other', /^DATABASE_URL must not name another schema than public/],
    ['?schema=', /^DATABASE_URL must not name another schema/],
    ['?pgbouncer=yes', /^DATABASE_URL must have true or false as its parameter pgbouncer$/],
    ['?sslrootcert=/absent.pem', /^DATABASE_URL must give an existing file as sslrootcert$/],
  ])('with %s is a fault', (parameters, line) => {
    expect(urlFaults(`postgresql://app@db.test/users${parameters}`)).toEqual([expect.stringMatching(line)]);
  });

  it('may name the schema public, and PgBouncer', () => {
    expect(urlFaults('postgresql://app@db.test/users?schema=public&pgbouncer=true')).toEqual([]);
    const { database } = loadConfig({ ...PRODUCTION, DATABASE_URL: 'postgresql://app@db.test/users?pgbouncer=true' });
    expect(database).toMatchObject({ pgbouncer: true });
  });

  it('names the Unix socket in the folder that DB_HOST is', () => {
    const { database } = loadConfig({ ...PRODUCTION, DATABASE_URL: '', DB_HOST: '/var/run/a b', DB_USER: 'app' });
    expect(database).toMatchObject({ url: 'postgresql://app@%2Fvar%2Frun%2Fa%20b:5432/user_management_db' });
  });
});
