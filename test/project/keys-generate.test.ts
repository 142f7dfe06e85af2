import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { SECRETS } from '../support/app.js';
import { type Outcome, Program } from '../support/process.js';
import { newFolder } from '../support/stores.js';

const NAMES = ['jwt-private.pem', 'jwt-public.pem'];

describe('keys:generate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = newFolder();
    await mkdir(folder, { recursive: true });
  });

  const generate = (...parameters: string[]): Promise<Outcome> =>
    new Program('commands/uma.js', {}, folder, { args: ['keys:generate', ...parameters] }).outcome;
  const modeOf = async (path: string) => (await stat(join(folder, path))).mode & 0o777;

  it('writes an EC key pair to ./keys, the private key for its owner only, and prints its id and settings', async () => {
    const { code, stdout, stderr } = await generate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await readdir(join(folder, 'keys'))).toSorted()).toEqual(NAMES);
    expect(await modeOf('keys')).toBe(0o700);
    expect(await modeOf('keys/jwt-private.pem')).toBe(0o600);
    const [privatePath, publicPath] = NAMES.map((name) => join(folder, 'keys', name));
    const settings = Object.fromEntries([...stdout.matchAll(/(JWT_\w+)=(\S+)/g)].map(([, name, path]) => [name, path]));
    expect(settings).toEqual({ JWT_PRIVATE_KEY: privatePath, JWT_PREVIOUS_PUBLIC_KEYS: publicPath });
    const { signingKey, previousKeys } = loadConfig({ ...SECRETS, ...settings }).tokens;
    expect(signingKey?.algorithm).toBe('ES256');
    expect(previousKeys.map(({ kid }) => kid)).toEqual([signingKey?.kid]);
    expect(stdout).toContain(`Generated the key ${signingKey?.kid}.`);
    expect(stdout).not.toContain('PRIVATE KEY-----');
  });

  it('writes a 3072-bit RSA key pair to the given folder with --rsa', async () => {
    expect((await generate('--rsa', 'a/b')).code).toBe(0);
    const [privatePem = '', publicPem = ''] = await Promise.all(
      NAMES.map((name) => readFile(join(folder, 'a/b', name), 'utf8')),
    );
    expect(privatePem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(createPublicKey(publicPem).asymmetricKeyDetails).toMatchObject({ modulusLength: 3_072 });
    expect(createPublicKey(createPrivateKey(privatePem)).equals(createPublicKey(publicPem))).toBe(true);
  });

  it.each(NAMES)('writes neither key when %s already exists', async (name) => {
    await writeFile(join(folder, name), 'precious');
    const { code, stdout, stderr } = await generate('.');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^\S+\.pem already exists and may be in use: name another folder\.\n$/);
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), 'utf8')).toBe('precious');
  });

  it.each([[['--dsa']], [['--rsa=yes']], [['a', 'b']]])('refuses the arguments %j', async (parameters) => {
    const { code, stderr } = await generate(...parameters);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Usage: npm run uma -- keys:generate .*\n$/);
    expect(await readdir(folder)).toEqual([]);
  });
});
