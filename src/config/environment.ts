import { isEmail, isURL } from 'class-validator';
import { ARGON2_LIMITS } from './argon2-limits.js';
import { parseDuration } from './duration.js';
import { isMailUrl, isOwnPage, isSender } from './mail-values.js';
import { misspeltVariables } from './misspelt.js';
import { readSecretFiles, SECRET_FILE_VARIABLES } from './secret-files.js';

/** The longest duration of a token, a session or a retention, in milliseconds (ten years). */
const MAX_DURATION_MS = 3_650 * 86_400_000;
/** The longest window of a limit, in milliseconds (a day). */
const MAX_WINDOW_MS = 86_400_000;

/** The longest time in which a lost answer to a refresh may be asked for again, in milliseconds (a week). */
const MAX_RETRY_MS = 7 * 86_400_000;

/** What a variable may hold, and what that means. */
interface Rule<T> {
  /** Completes the fault "NAME must …". */
  readonly must: string;
  accepts(text: string): boolean;
  /** The result for a text that is not accepted does not matter: the start stops. */
  read(text: string): T;
}

const text: Rule<string> = matching(/^/, 'be a text');

/** In whole seconds, as the claims of a JWT count. */
const duration: Rule<number> = {
  must: 'be a duration of a second or more, such as 15m, 1h or 7d',
  accepts: (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= 1_000 && ms % 1_000 === 0 && ms <= MAX_DURATION_MS;
  },
  read: (value) => parseDuration(value) ?? Number.NaN,
};

const databaseUrl = matching(
  /^(postgres(ql)?:\/\/.+|pglite:.+)$/,
  'be a postgresql:// URL, or pglite:<folder> for the embedded database',
);

const ownPage: Rule<string> = {
  must: 'be an http:// or https:// URL with {token} in it',
  accepts: isOwnPage,
  read: String,
};

/**
 * Every variable that the process reads, with its rule and its default. `.env.example` explains the same variables, held
 * equal by a test. An empty value counts as not set.
 */
export const VARIABLES = {
  NODE_ENV: [oneOf('development', 'production'), 'development'],
  HOST: [text, '0.0.0.0'],
  PORT: [integer(0, 65_535), '3000'],
  API_VERSION: [matching(/^v[1-9]\d{0,2}$/, 'look like v1'), 'v1'],

  DATABASE_URL: [databaseUrl],
  MIGRATION_DATABASE_URL: [databaseUrl],
  DB_HOST: [text],
  DB_PORT: [integer(1, 65_535), '5432'],
  DB_NAME: [text, 'user_management_db'],
  DB_USER: [text, 'app_user'],
  DB_PASSWORD: [text],
  DB_POOL_MIN: [integer(0, 1_000), '2'],
  DB_POOL_MAX: [integer(1, 1_000), '10'],
  DB_PROBE_TIMEOUT_MS: [integer(100, 60_000), '450'],
  DATA_DIR: [text, '.data'],

  REDIS_URL: [
    {
      must: 'be a redis:// or rediss:// URL (in its password, % # / ? @ : are written %25 %23 %2F %3F %40 %3A), or memory:',
      accepts: (value) => value === 'memory:' || isRedisUrl(value),
      read: String,
    },
  ],
  REDIS_KEY_PREFIX: [matching(/^[A-Za-z0-9:_-]{0,64}$/, 'be up to 64 letters, digits, ":", "_" or "-"'), 'uma:'],

  JWT_SECRET: [text],
  JWT_PRIVATE_KEY: [text],
  JWT_PREVIOUS_PUBLIC_KEYS: [text],
  JWT_EXPIRES_IN: [duration, '1h'],
  JWT_REFRESH_SECRET: [text],
  JWT_REFRESH_EXPIRES_IN: [duration, '7d'],
  JWT_REFRESH_GRACE_MS: [integer(0, 60_000), '10000'],
  JWT_REFRESH_RETRY_MS: [integer(0, MAX_RETRY_MS), '86400000'],
  JWT_ISSUER: [text, 'user-management-api'],
  JWT_AUDIENCE: [text, 'user-management-api'],
  SESSION_MAX_AGE: [duration, '30d'],
  SESSION_MAX_PER_USER: [integer(1, 10_000), '100'],
  SESSION_RETENTION: [duration, '30d'],

  ARGON2_MEMORY_KIB: [integer(8, ARGON2_LIMITS.memoryKiB), '19456'],
  ARGON2_TIME_COST: [integer(1, 100), '2'],
  ARGON2_PARALLELISM: [integer(1, ARGON2_LIMITS.parallelism), '1'],
  PASSWORD_HASHER: [oneOf('auto', 'argon2', 'node-rs'), 'auto'],
  HASH_QUEUE_MAX: [integer(0, 10_000), '64'],
  UV_THREADPOOL_SIZE: [integer(1, 1_024)],
  PASSWORD_POLICY: [oneOf('composition', 'length'), 'composition'],
  PASSWORD_BREACH_CHECK: [oneOf('off', 'hibp'), 'off'],
  PASSWORD_BREACH_URL: [{ must: 'be an http:// or https:// URL', accepts: isHttpUrl, read: String }],

  SEARCH_MAX_CONCURRENT: [integer(1, 1_000), '4'],
  SEARCH_QUEUE_MAX: [integer(0, 10_000), '32'],

  RATE_LIMIT_MAX_REQUESTS: [integer(1, 1_000_000_000), '100'],
  RATE_LIMIT_WINDOW_MS: [integer(1, MAX_WINDOW_MS), '60000'],
  AUTH_RATE_LIMIT_MAX: [integer(1, 1_000_000_000), '5'],
  AUTH_RATE_LIMIT_ACCOUNT_MAX: [integer(1, 1_000_000_000), '100'],
  AUTH_RATE_LIMIT_IP_MAX: [integer(1, 1_000_000_000), '100'],
  AUTH_RATE_LIMIT_WINDOW_MS: [integer(1, MAX_WINDOW_MS), '900000'],

  EXTENSIONS: [
    matching(/^(?:all|none|[a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)$/, 'be all, none, or names separated by commas'),
    'all',
  ],
  OUTBOX_MAX_ATTEMPTS: [integer(1, 100), '16'],

  MAIL_URL: [
    {
      must: 'be an smtp:// or smtps:// URL (in its user and password, % # / ? @ : are written %25 %23 %2F %3F %40 %3A)',
      accepts: isMailUrl,
      read: String,
    },
  ],
  MAIL_FROM: [
    {
      must: 'be an address, or a name and an address such as Accounts <no-reply@example.com>',
      accepts: isSender,
      read: String,
    },
  ],
  MAIL_TEMPLATES_DIR: [text],
  RESET_PASSWORD_URL: [ownPage],
  VERIFY_EMAIL_URL: [ownPage],
  ACCEPT_INVITATION_URL: [ownPage],
  EMAIL_VERIFICATION: [oneOf('optional', 'required'), 'optional'],
  NEW_DEVICE_NOTICE: [oneOf('off', 'on'), 'off'],

  AUDIT_SIGNING_KEY: [text],
  AUDIT_PREVIOUS_PUBLIC_KEYS: [text],
  AUDIT_CHECKPOINT_INTERVAL: [duration, '1m'],
  AUDIT_RETENTION: [duration, '365d'],
  AUDIT_SINK: [matching(/^(stdout|file:.+)$/, 'be stdout, or file:<path>')],

  REGISTRATION: [oneOf('open', 'closed'), 'open'],
  ADMIN_EMAIL: [{ must: 'be an email address', accepts: (value) => isEmail(value), read: String }],
  ADMIN_USERNAME: [matching(/^[A-Za-z0-9]{3,50}$/, 'be 3 to 50 letters and digits')],
  ADMIN_PASSWORD: [text],

  PUBLIC_URL: [
    { must: 'be an http:// or https:// URL without a query or fragment', accepts: isBaseUrl, read: withoutLastSlash },
  ],
  API_DOCS: [oneOf('true', 'false')],
  CORS_ORIGIN: [text, 'http://localhost:3000'],
  COOKIE_SAMESITE: [oneOf('strict', 'lax', 'none'), 'strict'],
  TRUST_PROXY: [text],
  LOG_LEVEL: [oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info'],
  LOG_FORMAT: [oneOf('json', 'pretty'), 'json'],
} as const satisfies Record<string, readonly [Rule<unknown>, string?]>;

/** Durations are in milliseconds. */
export type Environment = { readonly [N in keyof typeof VARIABLES]: Value<(typeof VARIABLES)[N]> };

type Value<V> = V extends readonly [Rule<infer T>, string]
  ? T
  : V extends readonly [Rule<infer T>]
    ? T | undefined
    : never;

/** Reads the variables; one fault for each that breaks its rule, one warning for each that is misspelt. */
export function readEnvironment(given: NodeJS.ProcessEnv): {
  env: Environment;
  faults: string[];
  warnings: string[];
} {
  const { variables, faults } = readSecretFiles(given);
  const values = Object.entries<readonly [Rule<unknown>, string?]>(VARIABLES).map(([name, [rule, fallback]]) => {
    const value = variables[name] || fallback;
    if (value !== undefined && !rule.accepts(value)) faults.push(`${name} must ${rule.must}`);
    return [name, value === undefined ? undefined : rule.read(value)] as const;
  });
  const warnings = misspeltVariables(given, [...Object.keys(VARIABLES), ...SECRET_FILE_VARIABLES]);
  return { env: Object.fromEntries(values) as Environment, faults, warnings };
}

/** The items of a list that is separated by commas. */
export function items(list = ''): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function matching(pattern: RegExp, must: string): Rule<string> {
  return { must, accepts: (value) => pattern.test(value), read: String };
}

function integer(min: number, max: number): Rule<number> {
  return {
    must: `be a whole number from ${min} to ${max}`,
    // Digits only: Number() reads 0x50 and 1e3 too.
    accepts: (value) => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max,
    read: Number,
  };
}

function oneOf<T extends string>(first: T, ...others: T[]): Rule<T> {
  const values = [first, ...others];
  return {
    must: `be one of: ${values.join(', ')}`,
    accepts: (value) => values.some((known) => known === value),
    read: (value) => values.find((known) => known === value) ?? first,
  };
}

/** A character of the password that was not escaped leaves no host, or what is no number of a database. */
function isRedisUrl(value: string): boolean {
  if (!/^rediss?:\/\/[^/]/.test(value) || !URL.canParse(value)) return false;
  const { hostname, pathname, hash } = new URL(value);
  return hostname !== '' && hash === '' && /^(?:\/\d{0,5})?$/.test(pathname);
}

function isBaseUrl(value: string): boolean {
  return isHttpUrl(value) && !/[?#]/.test(value);
}

function withoutLastSlash(url: string): string {
  return url.replace(/\/$/, '');
}

function isHttpUrl(value: string): boolean {
  return isURL(value, { protocols: ['http', 'https'], require_protocol: true, require_tld: false });
}
