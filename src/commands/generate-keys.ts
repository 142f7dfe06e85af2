import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { thumbprint } from '#config';
import { StartupError } from '#platform/errors';
import { runToEnd } from './run-command.js';

// npm run keys:generate -- [--rsa] [folder]: makes a key pair to sign access tokens with.
const USAGE = 'Say where to, and --rsa for other than an EC key: npm run keys:generate -- [--rsa] [folder]';
/** As strong as P-256: 128 bits (NIST SP 800-57, part 1, table 2). */
const RSA_BITS = 3_072;

async function generateKeys({ rsa, folder }: { rsa: boolean; folder: string }): Promise<string> {
  const privatePath = resolve(folder, 'jwt-private.pem');
  const publicPath = resolve(folder, 'jwt-public.pem');
  const taken = [privatePath, publicPath].find((path) => existsSync(path));
  if (taken !== undefined) throw new StartupError(`${taken} is there already, and may be in use: name another folder.`);
  const { privateKey, publicKey } = rsa
    ? generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Never over a file that has come since.
  await writeFile(privatePath, pem(privateKey, 'pkcs8'), { flag: 'wx', mode: 0o600 });
  await writeFile(publicPath, pem(publicKey, 'spki'), { flag: 'wx' });
  return [
    `Made the key ${thumbprint(publicKey)}.`,
    'To verify with it, which comes first where servers are running:',
    `  JWT_PREVIOUS_PUBLIC_KEYS=${publicPath}`,
    'To sign with it (keep this file to yourself):',
    `  JWT_PRIVATE_KEY=${privatePath}`,
    'How to change from one key to the next: docs/operations.md',
  ].join('\n');
}

function pem(key: KeyObject, type: 'pkcs8' | 'spki'): string | Buffer {
  return key.export({ format: 'pem', type });
}

/** @throws StartupError */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { rsa: { type: 'boolean' } } });
    if (positionals.length <= 1) return { rsa: values.rsa === true, folder: positionals[0] ?? 'keys' };
  } catch {
    // An option that there is not.
  }
  throw new StartupError(USAGE);
}

await runToEnd(() => generateKeys(readArguments()));
