import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { ARGON2_LIMITS } from './argon2-limits.js';
import { databaseUrlFaults } from './database-url.js';
import { type Environment, items } from './environment.js';
import { secretFault } from './secrets.js';

/** The least argon2id parameters in production: OWASP Password Storage Cheat Sheet, memory (KiB) → time cost. */
const OWASP_ARGON2_MINIMUM = [
  { memoryKiB: 47_104, timeCost: 1 },
  { memoryKiB: 19_456, timeCost: 2 },
  { memoryKiB: 12_288, timeCost: 3 },
  { memoryKiB: 9_216, timeCost: 4 },
  { memoryKiB: 7_168, timeCost: 5 },
];

/** One line for each value that does not work with the others, or in production. */
export function combinationFaults(env: Environment): string[] {
  const production = env.NODE_ENV === 'production' ? productionFaults(env) : [];
  const urls = [
    ...databaseUrlFaults('DATABASE_URL', env.DATABASE_URL),
    ...databaseUrlFaults('MIGRATION_DATABASE_URL', env.MIGRATION_DATABASE_URL),
  ];
  return [...contradictions(env), ...urls, ...corsFaults(env), ...proxyFaults(env), ...production];
}

function contradictions(env: Environment): string[] {
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
  const { MAIL_TEMPLATES_DIR: templates } = env;
  if (templates !== undefined && !isFolder(templates)) {
    faults.push(`MAIL_TEMPLATES_DIR must name a folder: ${templates}`);
  }
  return faults;
}

function corsFaults(env: Environment): string[] {
  return items(env.CORS_ORIGIN)
    .filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
    .map((origin) => `CORS_ORIGIN must list origins such as https://app.test, not "${origin}"`);
}

function proxyFaults(env: Environment): string[] {
  return items(env.TRUST_PROXY)
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
  if (env.MAIL_URL === undefined) {
    if (env.EMAIL_VERIFICATION === 'required') faults.push('EMAIL_VERIFICATION=required needs MAIL_URL in production');
  } else {
    for (const name of ['PUBLIC_URL', 'MAIL_FROM'] as const) {
      if (env[name] === undefined) faults.push(`${name} is required in production with MAIL_URL`);
    }
  }
  const strongEnough = OWASP_ARGON2_MINIMUM.some(
    (least) => env.ARGON2_MEMORY_KIB >= least.memoryKiB && env.ARGON2_TIME_COST >= least.timeCost,
  );
  if (!strongEnough) {
    faults.push("ARGON2_MEMORY_KIB and ARGON2_TIME_COST are below OWASP's minimum (19456 and 2, or an equivalent)");
  }
  return faults;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
