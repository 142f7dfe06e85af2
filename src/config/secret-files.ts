import { readFileSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { errorCode } from './error-code.js';

/**
 * The variables that may hold a secret. Each may come from a file instead, named by the variable with `_FILE` behind it,
 * as containers mount their secrets.
 */
export const SECRET_VARIABLES = [
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'DB_PASSWORD',
  'REDIS_URL',
  'MAIL_URL',
  'JWT_SECRET',
  'JWT_PRIVATE_KEY',
  'JWT_REFRESH_SECRET',
  'AUDIT_SIGNING_KEY',
  'ADMIN_PASSWORD',
] as const;

export const SECRET_FILE_VARIABLES = SECRET_VARIABLES.map((name) => `${name}_FILE`);

/** Skips a byte order mark. Bytes that are no text would become the same character, and a secret weaker than its file. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Puts what the files hold in place of the variables that name them; one fault for each that cannot be used. */
export function readSecretFiles(variables: NodeJS.ProcessEnv): { variables: NodeJS.ProcessEnv; faults: string[] } {
  const faults: string[] = [];
  const read: NodeJS.ProcessEnv = { ...variables };
  for (const name of SECRET_VARIABLES) {
    const path = variables[`${name}_FILE`];
    if (path === undefined || path === '') continue;
    if (variables[name]) {
      faults.push(`${name} and ${name}_FILE must not both be set`);
      continue;
    }
    try {
      // Editors and `echo` end a file with a new line, which is no part of the secret.
      read[name] = utf8.decode(readFileSync(path)).replace(/\r?\n$/, '');
      if (read[name] === '') faults.push(`${name}_FILE must name a file that is not empty`);
    } catch (error) {
      const code = errorCode(error);
      const must =
        code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'a file in UTF-8' : `a file that can be read (${code})`;
      faults.push(`${name}_FILE must name ${must}`);
    }
  }
  return { variables: read, faults };
}
