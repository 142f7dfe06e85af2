import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ARGON2_LIMITS } from './argon2-limits.js';
import { ConfigError } from './config.error.js';
import { parseDuration } from './duration.js';
import { Environment } from './environment.js';
import { loadOrCreateSecrets, secretFault } from './secrets.js';
import {
  deriveAuditKey,
  readAuditKeys,
  readSigningKeys,
  type SigningKey,
  type VerificationKey,
} from './signing-keys.js';

/** Least argon2id parameters in production: OWASP Password Storage Cheat Sheet, memory (KiB) → time cost. */
const OWASP_ARGON2_MINIMUM = [
  { memoryKiB: 47_104, timeCost: 1 },
  { memoryKiB: 19_456, timeCost: 2 },
  { memoryKiB: 12_288, timeCost: 3 },
  { memoryKiB: 9_216, timeCost: 4 },
  { memoryKiB: 7_168, timeCost: 5 },
];

/** Threads of libuv's pool, where hashes run, unless `UV_THREADPOOL_SIZE` says otherwise (libuv's documentation). */
const LIBUV_THREADS = 4;

const HAVE_I_BEEN_PWNED = 'https://api.pwnedpasswords.com';

export type DatabaseConfig =
  | { readonly kind: 'postgres'; readonly url: string; readonly poolMin: number; readonly poolMax: number }
  | { readonly kind: 'pglite'; readonly dataDir: string };

export type CacheConfig =
  { readonly kind: 'redis'; readonly url: string; readonly keyPrefix: string } | { readonly kind: 'memory' };

/** What a new password must be: of four kinds of characters, or long (NIST SP 800-63B-4, section 3.1.1.2). */
export type PasswordRule = 'composition' | 'length';

/** The checked configuration; also its injection token. Durations are in milliseconds unless named otherwise. */
export abstract class AppConfig {
  abstract readonly production: boolean;
  abstract readonly host: string;
  abstract readonly port: number;
  abstract readonly apiVersion: string;
  /** `/api/v1` */
  abstract readonly basePath: string;
  abstract readonly database: DatabaseConfig;
  /** The schema's owner, for migrations. */
  abstract readonly migrationDatabase: DatabaseConfig;
  abstract readonly cache: CacheConfig;
  abstract readonly tokens: {
    /** Signs access tokens where there is no `signingKey`, and verifies them wherever it is set. */
    readonly accessSecret: string | undefined;
    readonly signingKey: SigningKey | undefined;
    /** Verify too: of keys that signed before, or will next. */
    readonly previousKeys: readonly VerificationKey[];
    readonly refreshSecret: string;
    readonly accessTtlMs: number;
    readonly refreshTtlMs: number;
    readonly refreshGraceMs: number;
    readonly sessionMaxAgeMs: number;
    /** How long the row of a session is kept after its end. */
    readonly sessionRetentionMs: number;
    readonly issuer: string;
    readonly audience: string;
  };
  abstract readonly argon2: { readonly memoryKiB: number; readonly timeCost: number; readonly parallelism: number };
  abstract readonly hashing: {
    /** Whose argon2id; `auto` takes `@node-rs/argon2` where it is installed. */
    readonly implementation: 'auto' | 'argon2' | 'node-rs';
    /** How many hashes are computed at once. */
    readonly running: number;
    /** How many more wait for that. */
    readonly waiting: number;
  };
  /** Requests of one client. */
  abstract readonly rateLimit: { readonly max: number; readonly windowMs: number };
  /** Wrong passwords, for an account from an address or a device, for an account, and from an address. */
  abstract readonly passwordAttempts: {
    readonly max: number;
    readonly accountMax: number;
    readonly addressMax: number;
    readonly windowMs: number;
  };
  abstract readonly passwordRule: PasswordRule;
  /** Where breached passwords are asked for; `undefined` where they are not. */
  abstract readonly breachUrl: string | undefined;
  abstract readonly registration: 'open' | 'closed';
  /** The first admin to create, if the environment names one. */
  abstract readonly firstAdmin:
    { readonly email: string; readonly username: string; readonly password: string } | undefined;
  abstract readonly audit: {
    /** Ed25519: of its own, or derived from the secret of refresh tokens. */
    readonly signingKey: KeyObject;
    /** Public keys that checkpoints were signed with before. */
    readonly previousKeys: readonly KeyObject[];
    readonly checkpointIntervalMs: number;
    /** How long entries are kept, from the end of their month. */
    readonly retentionMs: number;
    /** Where a copy goes: `stdout`, or `file:` and a path. */
    readonly sink: string | undefined;
  };
  abstract readonly docs: boolean;
  abstract readonly corsOrigins: readonly string[];
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  abstract readonly trustedProxies: readonly string[];
  abstract readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
}

/**
 * Reads and checks the whole environment.
 *
 * @throws ConfigError with one line per fault
 */
export function loadConfig(variables: NodeJS.ProcessEnv): AppConfig {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''));
  const env = plainToInstance(Environment, set, { exposeDefaultValues: true });
  const faults = validateSync(env, { forbidUnknownValues: false }).map(
    (error) => Object.values(error.constraints ?? {})[0] ?? `${error.property} is wrong`,
  );
  const { faults: keyFaults, ...keys } = readSigningKeys(env.JWT_PRIVATE_KEY, env.JWT_PREVIOUS_PUBLIC_KEYS);
  const auditKeys = readAuditKeys(env.AUDIT_SIGNING_KEY, env.AUDIT_PREVIOUS_PUBLIC_KEYS);
  faults.push(...keyFaults, ...auditKeys.faults, ...combinationFaults(env), ...corsFaults(env), ...proxyFaults(env));
  if (env.NODE_ENV === 'production') faults.push(...productionFaults(env));
  if (faults.length > 0) throw new ConfigError(faults);

  const database = databaseConfig(env, env.DATABASE_URL);
  const dataDir = database.kind === 'pglite' ? database.dataDir : env.DATA_DIR;
  const complete = env.JWT_SECRET !== undefined && env.JWT_REFRESH_SECRET !== undefined;
  const secrets = env.NODE_ENV === 'production' || complete ? undefined : loadOrCreateSecrets(dataDir);

  const refreshSecret = env.JWT_REFRESH_SECRET ?? secrets?.JWT_REFRESH_SECRET ?? '';

  return {
    production: env.NODE_ENV === 'production',
    host: env.HOST,
    port: env.PORT,
    apiVersion: env.API_VERSION,
    basePath: `/api/${env.API_VERSION}`,
    database,
    migrationDatabase: databaseConfig(env, env.MIGRATION_DATABASE_URL ?? env.DATABASE_URL),
    cache: cacheConfig(env),
    tokens: {
      accessSecret: env.JWT_SECRET ?? secrets?.JWT_SECRET,
      ...keys,
      refreshSecret,
      accessTtlMs: checkedDuration(env.JWT_EXPIRES_IN),
      refreshTtlMs: checkedDuration(env.JWT_REFRESH_EXPIRES_IN),
      refreshGraceMs: env.JWT_REFRESH_GRACE_MS,
      sessionMaxAgeMs: checkedDuration(env.SESSION_MAX_AGE),
      sessionRetentionMs: checkedDuration(env.SESSION_RETENTION),
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
    },
    argon2: {
      memoryKiB: env.ARGON2_MEMORY_KIB,
      timeCost: env.ARGON2_TIME_COST,
      parallelism: env.ARGON2_PARALLELISM,
    },
    hashing: {
      implementation: env.PASSWORD_HASHER,
      running: hashesAtOnce(env.UV_THREADPOOL_SIZE ?? LIBUV_THREADS),
      waiting: env.HASH_QUEUE_MAX,
    },
    rateLimit: { max: env.RATE_LIMIT_MAX_REQUESTS, windowMs: env.RATE_LIMIT_WINDOW_MS },
    passwordAttempts: {
      max: env.AUTH_RATE_LIMIT_MAX,
      accountMax: env.AUTH_RATE_LIMIT_ACCOUNT_MAX,
      addressMax: env.AUTH_RATE_LIMIT_IP_MAX,
      windowMs: env.AUTH_RATE_LIMIT_WINDOW_MS,
    },
    passwordRule: env.PASSWORD_POLICY,
    breachUrl: env.PASSWORD_BREACH_CHECK === 'hibp' ? (env.PASSWORD_BREACH_URL ?? HAVE_I_BEEN_PWNED) : undefined,
    registration: env.REGISTRATION,
    firstAdmin:
      env.ADMIN_EMAIL !== undefined && env.ADMIN_USERNAME !== undefined && env.ADMIN_PASSWORD !== undefined
        ? { email: env.ADMIN_EMAIL, username: env.ADMIN_USERNAME, password: env.ADMIN_PASSWORD }
        : undefined,
    audit: {
      signingKey: auditKeys.key ?? deriveAuditKey(refreshSecret),
      previousKeys: auditKeys.previous,
      checkpointIntervalMs: checkedDuration(env.AUDIT_CHECKPOINT_INTERVAL),
      retentionMs: checkedDuration(env.AUDIT_RETENTION),
      sink: env.AUDIT_SINK,
    },
    docs: env.API_DOCS === undefined ? env.NODE_ENV !== 'production' : env.API_DOCS === 'true',
    corsOrigins: list(env.CORS_ORIGIN),
    trustedProxies: list(env.TRUST_PROXY ?? ''),
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT },
  };
}

function combinationFaults(env: Environment): string[] {
  const faults: string[] = [];
  if (env.DB_POOL_MIN > env.DB_POOL_MAX) faults.push('DB_POOL_MIN must not exceed DB_POOL_MAX');
  if (env.ARGON2_MEMORY_KIB < 8 * env.ARGON2_PARALLELISM) {
    faults.push('ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM (RFC 9106)');
  }
  if (env.ARGON2_MEMORY_KIB * env.ARGON2_TIME_COST > ARGON2_LIMITS.memoryTimesPassesKiB) {
    faults.push(`ARGON2_MEMORY_KIB times ARGON2_TIME_COST must not exceed ${ARGON2_LIMITS.memoryTimesPassesKiB}`);
  }
  const admin = [env.ADMIN_EMAIL, env.ADMIN_USERNAME, env.ADMIN_PASSWORD];
  if (admin.some((value) => value !== undefined) && admin.includes(undefined)) {
    faults.push('ADMIN_EMAIL, ADMIN_USERNAME and ADMIN_PASSWORD go together');
  }
  if (env.JWT_SECRET !== undefined && env.JWT_SECRET === env.JWT_REFRESH_SECRET) {
    faults.push('JWT_SECRET and JWT_REFRESH_SECRET must differ');
  }
  return faults;
}

/** A core is left to the event loop, which all other requests wait for, and a thread to files, DNS and compression. */
function hashesAtOnce(threads: number): number {
  return Math.max(1, Math.min(availableParallelism(), threads) - 1);
}

function corsFaults(env: Environment): string[] {
  return list(env.CORS_ORIGIN)
    .filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
    .map((origin) => `CORS_ORIGIN must list origins such as https://app.test, not "${origin}"`);
}

function proxyFaults(env: Environment): string[] {
  return list(env.TRUST_PROXY ?? '')
    .filter((entry) => {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address);
      const bits = family === 6 ? 128 : 32;
      return family === 0 || (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
    })
    .map((entry) => `TRUST_PROXY must list addresses or networks, not "${entry}"`);
}

function productionFaults(env: Environment): string[] {
  const needsNoSecret = env.JWT_SECRET === undefined && env.JWT_PRIVATE_KEY !== undefined;
  const secretFaults = [
    needsNoSecret ? undefined : secretFault('JWT_SECRET', env.JWT_SECRET),
    secretFault('JWT_REFRESH_SECRET', env.JWT_REFRESH_SECRET),
  ].filter((fault) => fault !== undefined);
  const faults = [...secretFaults];
  if (env.DATABASE_URL === undefined && env.DB_HOST === undefined) {
    faults.push('DATABASE_URL (or DB_HOST) is required in production; DATABASE_URL=pglite:<folder> asks for embedded');
  }
  if (env.REDIS_URL === undefined) {
    faults.push('REDIS_URL is required in production; REDIS_URL=memory: asks for the in-process cache');
  }
  const strongEnough = OWASP_ARGON2_MINIMUM.some(
    (least) => env.ARGON2_MEMORY_KIB >= least.memoryKiB && env.ARGON2_TIME_COST >= least.timeCost,
  );
  if (!strongEnough) {
    faults.push("ARGON2_MEMORY_KIB and ARGON2_TIME_COST are below OWASP's minimum (19456 and 2, or an equivalent)");
  }
  return faults;
}

function databaseConfig(env: Environment, url: string | undefined): DatabaseConfig {
  if (url?.startsWith('pglite:')) return { kind: 'pglite', dataDir: url.slice('pglite:'.length) };
  const pool = { poolMin: env.DB_POOL_MIN, poolMax: env.DB_POOL_MAX };
  if (url !== undefined) return { kind: 'postgres', url, ...pool };
  if (env.DB_HOST === undefined) return { kind: 'pglite', dataDir: env.DATA_DIR };
  const login = [env.DB_USER, ...(env.DB_PASSWORD === undefined ? [] : [env.DB_PASSWORD])].map(encodeURIComponent);
  const host = isIP(env.DB_HOST) === 6 ? `[${env.DB_HOST}]` : env.DB_HOST;
  return {
    kind: 'postgres',
    url: `postgresql://${login.join(':')}@${host}:${env.DB_PORT}/${encodeURIComponent(env.DB_NAME)}`,
    ...pool,
  };
}

function cacheConfig(env: Environment): CacheConfig {
  if (env.REDIS_URL === undefined || env.REDIS_URL === 'memory:') return { kind: 'memory' };
  return { kind: 'redis', url: env.REDIS_URL, keyPrefix: env.REDIS_KEY_PREFIX };
}

function checkedDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new ConfigError([`"${text}" is no duration`]);
  return ms;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
