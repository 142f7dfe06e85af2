import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { thumbprint } from '#config';
import { StartupError } from '#platform/errors';
import { UsageError } from './usage.error.js';

/** As strong as P-256: 128 bits (NIST SP 800-57, part 1, table 2). */
const RSA_BITS = 3_072;

export async function run(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { rsa: { type: 'boolean' } } });
  const [folder = 'keys', ...more] = positionals;
  if (more.length > 0) throw new UsageError();
  const privatePath = resolve(folder, 'jwt-private.pem');
  const publicPath = resolve(folder, 'jwt-public.pem');
  const taken = [privatePath, publicPath].find((path) => existsSync(path));
  if (taken !== undefined) throw new StartupError(`${taken} already exists and may be in use: name another folder.`);
  const { privateKey, publicKey } = values.rsa
    ? generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // "wx" overwrites no file that was written since the check above.
  await writeFile(privatePath, pem(privateKey, 'pkcs8'), { flag: 'wx', mode: 0o600 });
  await writeFile(publicPath, pem(publicKey, 'spki'), { flag: 'wx' });
  return [
    `Generated the key ${thumbprint(publicKey)}.`,
    'Where servers are running, let them verify with it first:',
    `  JWT_PREVIOUS_PUBLIC_KEYS=${publicPath}`,
    'Then let them sign with it, and keep this file secret:',
    `  JWT_PRIVATE_KEY=${privatePath}`,
    'docs/operations.md describes how to rotate keys.',
  ].join('\n');
}

function pem(key: KeyObject, type: 'pkcs8' | 'spki'): string | Buffer {
  return key.export({ format: 'pem', type });
}
