import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { deriveAuditKey, readAuditKeys } from './audit-keys.js';
import { ConfigError } from './config.error.js';
import { errorCode } from './error-code.js';
import { isPgBouncer } from './database-url.js';
import { combinationFaults } from './environment-faults.js';
import { type Environment, items, readEnvironment } from './environment.js';
import { mailConfig } from './mail-config.js';
import { loadOrCreateSecrets, type Secrets } from './secrets.js';
import { readSigningKeys } from './signing-keys.js';

/** Threads of libuv's pool, where hashes run, unless `UV_THREADPOOL_SIZE` says otherwise (libuv's documentation). */
const LIBUV_THREADS = 4;

const HAVE_I_BEEN_PWNED = 'https://api.pwnedpasswords.com';

export type DatabaseConfig =
  | {
      readonly kind: 'postgres';
      readonly url: string;
      /** The variables that name it, for messages. */
      readonly variable: string;
      /** Whether it is PgBouncer in transaction mode. */
      readonly pgbouncer: boolean;
      readonly poolMin: number;
      readonly poolMax: number;
      readonly probeTimeoutMs: number;
    }
  | { readonly kind: 'pglite'; readonly dataDir: string };

export type CacheConfig =
  { readonly kind: 'redis'; readonly url: string; readonly keyPrefix: string } | { readonly kind: 'memory' };

/**
 * What a new password must have: four kinds of characters, or length (NIST SP 800-63B-4, section 3.1.1.2), or what an
 * extension asks for.
 */
export type PasswordRule = Environment['PASSWORD_POLICY'] | 'extension';

/** The checked configuration and its injection token; its type is what `loadConfig` returns. */
@Injectable()
// Safe here: an abstract class has no instance whose properties could be missing.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export abstract class AppConfig {}
export interface AppConfig extends Readonly<ReturnType<typeof loadConfig>> {}

/**
 * Reads and checks the whole environment.
 *
 * @returns durations in milliseconds
 * @throws ConfigError with one line for each fault
 */
export function loadConfig(variables: NodeJS.ProcessEnv) {
  const { env, faults: ruleFaults, warnings } = readEnvironment(variables);
  const tokenKeys = readSigningKeys(env.JWT_PRIVATE_KEY, env.JWT_PREVIOUS_PUBLIC_KEYS);
  const auditKeys = readAuditKeys(env.AUDIT_SIGNING_KEY, env.AUDIT_PREVIOUS_PUBLIC_KEYS);
  const faults = [...ruleFaults, ...tokenKeys.faults, ...auditKeys.faults, ...combinationFaults(env)];
  if (faults.length > 0) throw new ConfigError(faults);

  const production = env.NODE_ENV === 'production';
  const database = databaseConfig(env, 'DATABASE_URL');
  const dataDir = database.kind === 'pglite' ? database.dataDir : env.DATA_DIR;
  const complete = env.JWT_SECRET !== undefined && env.JWT_REFRESH_SECRET !== undefined;
  const secrets = production || complete ? undefined : secretsIn(dataDir);
  const refreshSecret = env.JWT_REFRESH_SECRET ?? secrets?.JWT_REFRESH_SECRET ?? '';

  return {
    production,
    /** What the operator may want to correct, one line each. */
    warnings,
    host: env.HOST,
    port: env.PORT,
    apiVersion: env.API_VERSION,
    /** `/api/v1` */
    basePath: `/api/${env.API_VERSION}`,
    database,
    /** The same as the owner of the schema, for migrations. */
    migrationDatabase: databaseConfig(
      env,
      env.MIGRATION_DATABASE_URL === undefined ? 'DATABASE_URL' : 'MIGRATION_DATABASE_URL',
    ),
    cache: cacheConfig(env),
    tokens: {
      /** Signs access tokens unless there is a `signingKey`, and verifies them wherever it is set. */
      accessSecret: env.JWT_SECRET ?? secrets?.JWT_SECRET,
      signingKey: tokenKeys.signingKey,
      /** Verify too: keys that signed before, or will sign next. */
      previousKeys: tokenKeys.previousKeys,
      refreshSecret,
      accessTtlMs: env.JWT_EXPIRES_IN,
      refreshTtlMs: env.JWT_REFRESH_EXPIRES_IN,
      refreshGraceMs: env.JWT_REFRESH_GRACE_MS,
      refreshRetryMs: env.JWT_REFRESH_RETRY_MS,
      sessionMaxAgeMs: env.SESSION_MAX_AGE,
      /** How many live sessions a user may have: one more ends the one unused for longest. */
      sessionsPerUser: env.SESSION_MAX_PER_USER,
      /** How long the row of a session is kept after its end. */
      sessionRetentionMs: env.SESSION_RETENTION,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
    },
    argon2: {
      memoryKiB: env.ARGON2_MEMORY_KIB,
      timeCost: env.ARGON2_TIME_COST,
      parallelism: env.ARGON2_PARALLELISM,
    },
    hashing: {
      /** `auto` takes `@node-rs/argon2` where it is installed. */
      implementation: env.PASSWORD_HASHER,
      /** How many hashes are computed at once. */
      running: hashesAtOnce(env.UV_THREADPOOL_SIZE ?? LIBUV_THREADS),
      /** How many more wait. */
      waiting: env.HASH_QUEUE_MAX,
    },
    /** Searches for users. */
    search: {
      /** How many run at once: at most half of the connections, so that some are left for other requests. */
      running: Math.min(env.SEARCH_MAX_CONCURRENT, Math.max(1, Math.floor(env.DB_POOL_MAX / 2))),
      /** How many more wait. */
      waiting: env.SEARCH_QUEUE_MAX,
    },
    /** Requests of one client. */
    rateLimit: { max: env.RATE_LIMIT_MAX_REQUESTS, windowMs: env.RATE_LIMIT_WINDOW_MS },
    /** Wrong passwords: for an account from one address or device, for an account, from an address. */
    passwordAttempts: {
      max: env.AUTH_RATE_LIMIT_MAX,
      accountMax: env.AUTH_RATE_LIMIT_ACCOUNT_MAX,
      addressMax: env.AUTH_RATE_LIMIT_IP_MAX,
      windowMs: env.AUTH_RATE_LIMIT_WINDOW_MS,
    },
    passwordRule: env.PASSWORD_POLICY as PasswordRule,
    /** The service that new passwords are looked up in; `undefined` when that check is off. */
    breachUrl: env.PASSWORD_BREACH_CHECK === 'hibp' ? (env.PASSWORD_BREACH_URL ?? HAVE_I_BEEN_PWNED) : undefined,
    registration: env.REGISTRATION,
    /** The first admin to create, if the environment names one. */
    firstAdmin:
      env.ADMIN_EMAIL !== undefined && env.ADMIN_USERNAME !== undefined && env.ADMIN_PASSWORD !== undefined
        ? { email: env.ADMIN_EMAIL, username: env.ADMIN_USERNAME, password: env.ADMIN_PASSWORD }
        : undefined,
    audit: {
      /** Ed25519: a key of its own, or derived from the secret of refresh tokens. */
      signingKey: auditKeys.key ?? deriveAuditKey(refreshSecret),
      /** Public keys that checkpoints were signed with before. */
      previousKeys: auditKeys.previous,
      checkpointIntervalMs: env.AUDIT_CHECKPOINT_INTERVAL,
      /** How long entries are kept after the end of their month. */
      retentionMs: env.AUDIT_RETENTION,
      /** Where a copy goes: `stdout`, or `file:` and a path. */
      sink: env.AUDIT_SINK,
    },
    /** The names of the extensions to start with; `undefined` for all that there are. */
    extensions: env.EXTENSIONS === 'all' ? undefined : env.EXTENSIONS === 'none' ? [] : items(env.EXTENSIONS),
    /** `undefined` where no mail is sent: in production without a mail server. */
    mail: production && env.MAIL_URL === undefined ? undefined : mailConfig(env),
    /** Whether a login needs a verified email. */
    emailVerification: env.EMAIL_VERIFICATION,
    outbox: { maxAttempts: env.OUTBOX_MAX_ATTEMPTS },
    /** Where clients reach the service, without a slash at the end; `undefined` where only a client knows. */
    publicUrl: env.PUBLIC_URL,
    /** The path that a proxy strips, such as `/accounts`; mostly empty. */
    publicPath: env.PUBLIC_URL === undefined ? '' : new URL(env.PUBLIC_URL).pathname.replace(/\/$/, ''),
    docs: env.API_DOCS === undefined ? !production : env.API_DOCS === 'true',
    corsOrigins: items(env.CORS_ORIGIN),
    /** Of the cookie with a refresh token: which requests from other sites carry it. */
    cookieSameSite: env.COOKIE_SAMESITE,
    /** Addresses and networks whose `X-Forwarded-For` is believed. */
    trustedProxies: items(env.TRUST_PROXY),
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT },
    /** The whole environment, which extensions read their settings from. */
    variables,
  };
}

/** @throws ConfigError when the folder cannot be used */
function secretsIn(dataDir: string): Secrets {
  try {
    return loadOrCreateSecrets(dataDir);
  } catch (error) {
    const reason = errorCode(error) ?? 'its secrets.json is damaged';
    throw new ConfigError([`DATA_DIR must name a folder that can be written and read: ${dataDir} (${reason})`]);
  }
}

/** Leaves a core to the event loop, which all other requests wait for, and a thread to files, DNS and compression. */
function hashesAtOnce(threads: number): number {
  return Math.max(1, Math.min(availableParallelism(), threads) - 1);
}

function databaseConfig(env: Environment, variable: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL'): DatabaseConfig {
  const url = env[variable];
  if (url?.startsWith('pglite:')) return { kind: 'pglite', dataDir: url.slice('pglite:'.length) };
  const pool = { poolMin: env.DB_POOL_MIN, poolMax: env.DB_POOL_MAX, probeTimeoutMs: env.DB_PROBE_TIMEOUT_MS };
  if (url !== undefined) return { kind: 'postgres', url, variable, pgbouncer: isPgBouncer(url), ...pool };
  if (env.DB_HOST === undefined) return { kind: 'pglite', dataDir: env.DATA_DIR };
  const login = [env.DB_USER, ...(env.DB_PASSWORD === undefined ? [] : [env.DB_PASSWORD])].map(encodeURIComponent);
  // A folder with a Unix socket is percent-encoded, as libpq reads it.
  const host = isIP(env.DB_HOST) === 6 ? `[${env.DB_HOST}]` : encodeURIComponent(env.DB_HOST);
  return {
    kind: 'postgres',
    url: `postgresql://${login.join(':')}@${host}:${env.DB_PORT}/${encodeURIComponent(env.DB_NAME)}`,
    variable: 'DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD',
    pgbouncer: false,
    ...pool,
  };
}

function cacheConfig(env: Environment): CacheConfig {
  if (env.REDIS_URL === undefined || env.REDIS_URL === 'memory:') return { kind: 'memory' };
  return { kind: 'redis', url: env.REDIS_URL, keyPrefix: env.REDIS_KEY_PREFIX };
}
