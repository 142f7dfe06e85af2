import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig, thumbprint } from '../../src/config/index.js';
import { newEcKey, newRsaKey, pemOf } from '../support/signing-keys.js';

const SECRETS = {
  JWT_SECRET: 'k1-nothing-but-a-test-signs-with-this-one',
  JWT_REFRESH_SECRET: 'k2-nothing-but-a-test-signs-with-this-one',
};
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://app_user@db.test/users',
  REDIS_URL: 'redis://cache.test',
  JWT_REFRESH_SECRET: SECRETS.JWT_REFRESH_SECRET,
};
/** The key of RFC 7638, section 3.1, and its thumbprint. */
const RFC_7638_N =
  '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM' +
  'stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5' +
  'hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
const RFC_7638_THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

const ec = newEcKey();
const other = newEcKey();
const rsa = newRsaKey();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uma-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(content: string): Promise<string> {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.pem`);
  await writeFile(path, content);
  return path;
}

function tokensOf(variables: Record<string, string>) {
  return loadConfig({ ...SECRETS, ...variables }).tokens;
}

function faultsOf(variables: Record<string, string>): readonly string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

function privatePem({ privateKey }: { privateKey: KeyObject }, type: 'pkcs8' | 'sec1' | 'pkcs1'): string {
  return privateKey.export({ format: 'pem', type }).toString();
}

function encryptedPem(type: 'pkcs8' | 'sec1'): string {
  return ec.privateKey.export({ format: 'pem', type, cipher: 'aes-256-cbc', passphrase: 'open-sesame' }).toString();
}

/** The block that `openssl ecparam -genkey` writes before the key. */
const EC_PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';

describe('JWT_PRIVATE_KEY', () => {
  it.each<[string, 'ES256' | 'RS256', () => string | Promise<string>]>([
    ['PKCS#8', 'ES256', () => privatePem(ec, 'pkcs8')],
    ['PKCS#8', 'RS256', () => privatePem(rsa, 'pkcs8')],
    ['SEC 1', 'ES256', () => privatePem(ec, 'sec1')],
    ['SEC 1 key behind an EC PARAMETERS block', 'ES256', () => EC_PARAMETERS + privatePem(ec, 'sec1')],
    ['PKCS#1', 'RS256', () => privatePem(rsa, 'pkcs1')],
    ['PEM on one line', 'ES256', () => privatePem(ec, 'pkcs8').replaceAll('\n', String.raw`\n`)],
    [
      'PEM on one line',
      'RS256',
      () =>
        privatePem(rsa, 'pkcs8')
          .trimEnd()
          .replaceAll('\n', String.raw`\n`),
    ],
    ['PEM with Windows line ends', 'ES256', () => privatePem(ec, 'pkcs8').replaceAll('\n', '\r\n')],
    ['PEM between empty lines', 'ES256', () => `\n ${privatePem(ec, 'pkcs8')}\n\n`],
    ['the path of a file', 'ES256', () => fileOf(privatePem(ec, 'pkcs8'))],
    ['the path of a file', 'RS256', () => fileOf(privatePem(rsa, 'pkcs1'))],
  ])('accepts %s, and signs with %s', async (_, algorithm, make) => {
    const { signingKey, previousKeys } = tokensOf({ JWT_PRIVATE_KEY: await make() });
    const { privateKey, publicKey } = algorithm === 'ES256' ? ec : rsa;
    expect(signingKey).toMatchObject({ algorithm, kid: thumbprint(publicKey) });
    expect(signingKey?.privateKey.equals(privateKey)).toBe(true);
    expect(signingKey?.publicKey.equals(publicKey)).toBe(true);
    expect(previousKeys).toEqual([]);
  });

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['a public key', () => pemOf(ec.publicKey), /one PEM private key that is not encrypted$/],
    ['an encrypted key', () => encryptedPem('pkcs8'), /one PEM private key that is not encrypted$/],
    ['an encrypted SEC 1 key', () => encryptedPem('sec1'), /one PEM private key that is not encrypted$/],
    ['two keys', () => pemOf(ec.privateKey) + pemOf(other.privateKey), /one PEM private key that/],
    ['PEM that is cut short', () => pemOf(ec.privateKey).slice(0, 150), /one PEM private key that/],
    [
      'PEM without a key inside',
      () => '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      /one PEM private key that/,
    ],
    ['PEM with spaces for line ends', () => pemOf(ec.privateKey).replaceAll('\n', ' '), /one PEM private key that/],
    ['an empty file', () => fileOf(''), /one PEM private key that/],
    ['a missing file', () => '/nowhere/key.pem', /the path of a file that can be read \(ENOENT\)$/],
    ['a folder', () => folder, /the path of a file that can be read \(EISDIR\)$/],
    ['base64 without PEM', () => pemOf(rsa.privateKey).split('\n').slice(1, -2).join(''), /a file that can be read/],
    ['a secret', () => SECRETS.JWT_SECRET, /the path of a file that can be read \(ENOENT\)$/],
    [
      'EC on another curve',
      () => pemOf(newEcKey('P-384').privateKey),
      /an EC key on P-256, or an RSA key of 2048 bits/,
    ],
    ['EC on secp256k1', () => pemOf(newEcKey('secp256k1').privateKey), /an EC key on P-256/],
    ['a short RSA key', () => pemOf(newRsaKey(2_040).privateKey), /an RSA key of 2048 bits or more$/],
    ['an RSA key for PSS', () => pemOf(rsaPss().privateKey), /an EC key on P-256, or an RSA key/],
    ['Ed25519', () => pemOf(generateKeyPairSync('ed25519').privateKey), /an EC key on P-256, or an RSA key/],
    ['X25519', () => pemOf(generateKeyPairSync('x25519').privateKey), /an EC key on P-256, or an RSA key/],
  ])('refuses %s', async (_, make, fault) => {
    const given = await make();
    const faults = faultsOf({ ...SECRETS, JWT_PRIVATE_KEY: given });
    expect(faults).toEqual([expect.stringMatching(/^JWT_PRIVATE_KEY must be [^\n]+$/)]);
    expect(faults[0]).toMatch(fault);
    expect(given.split('\n').filter((line) => line !== '' && faults[0]?.includes(line))).toEqual([]);
  });

  it('makes JWT_SECRET optional in production, but refuses a weak one', () => {
    const keys = { ...PRODUCTION, JWT_PRIVATE_KEY: pemOf(ec.privateKey) };
    expect(loadConfig(keys).tokens).toMatchObject({ accessSecret: undefined, signingKey: { algorithm: 'ES256' } });
    expect(loadConfig({ ...keys, JWT_SECRET: SECRETS.JWT_SECRET }).tokens.accessSecret).toBe(SECRETS.JWT_SECRET);
    expect(faultsOf({ ...keys, JWT_SECRET: 'short' })).toEqual([
      expect.stringMatching(/^JWT_SECRET must have at least/),
    ]);
    expect(faultsOf({ ...keys, JWT_REFRESH_SECRET: '' })).toEqual([
      expect.stringMatching(/^JWT_REFRESH_SECRET is required/),
    ]);
    expect(faultsOf({ ...PRODUCTION, JWT_PREVIOUS_PUBLIC_KEYS: pemOf(ec.publicKey) })).toEqual([
      expect.stringMatching(/^JWT_SECRET is required in production/),
    ]);
  });

  it('keeps the generated development secret valid', async () => {
    const variables = { DATA_DIR: folder, JWT_PRIVATE_KEY: pemOf(ec.privateKey) };
    const { accessSecret } = loadConfig(variables).tokens;
    const generated: unknown = JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8'));
    expect(generated).toMatchObject({ JWT_SECRET: accessSecret });
  });
});

describe('JWT_PREVIOUS_PUBLIC_KEYS', () => {
  const PUBLIC = [ec, other, rsa].map(({ publicKey }) => pemOf(publicKey)).join('');

  it.each<[string, () => string | Promise<string>]>([
    ['PEM blocks one after the other', () => PUBLIC],
    ['PEM blocks on one line', () => PUBLIC.replaceAll('\n', String.raw`\n`)],
    ['PEM blocks with commas between', () => PUBLIC.replaceAll('\n-----BEGIN', ',\n-----BEGIN')],
    ['the path of a file that holds them', () => fileOf(PUBLIC)],
    [
      'paths of files that hold them',
      async () =>
        `${await fileOf(pemOf(ec.publicKey) + pemOf(other.publicKey))}, ${await fileOf(pemOf(rsa.publicKey))},`,
    ],
  ])('accepts %s', async (_, make) => {
    const { signingKey, previousKeys } = tokensOf({ JWT_PREVIOUS_PUBLIC_KEYS: await make() });
    expect(signingKey).toBeUndefined();
    expect(previousKeys.map(({ algorithm, kid }) => ({ algorithm, kid }))).toEqual([
      { algorithm: 'ES256', kid: thumbprint(ec.publicKey) },
      { algorithm: 'ES256', kid: thumbprint(other.publicKey) },
      { algorithm: 'RS256', kid: thumbprint(rsa.publicKey) },
    ]);
  });

  it('accepts an RSA key in PKCS#1', () => {
    const pem = rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString();
    expect(tokensOf({ JWT_PREVIOUS_PUBLIC_KEYS: pem }).previousKeys).toMatchObject([{ algorithm: 'RS256' }]);
  });

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['a private key', () => pemOf(ec.privateKey), /KEYS must be PEM public keys and nothing else$/],
    ['a private key among others', () => PUBLIC + pemOf(rsa.privateKey), /KEYS must be PEM public keys and nothing/],
    ['a block that is cut short', () => PUBLIC + pemOf(ec.publicKey).slice(0, 90), /KEYS must be PEM public keys and/],
    ['a path beside PEM', () => `${PUBLIC}, /nowhere/key.pem`, /KEYS must be PEM public keys and nothing else$/],
    ['an empty file', () => fileOf('\n'), /KEYS must be PEM public keys and nothing else$/],
    [
      'a missing file',
      () => '/nowhere/key.pem',
      /KEYS must be PEM, or the path of a file that can be read \(ENOENT\)$/,
    ],
    ['a short RSA key', () => PUBLIC + pemOf(newRsaKey(1_024).publicKey), /KEYS must be an EC key on P-256, or an RSA/],
    ['EC on another curve', () => pemOf(newEcKey('P-521').publicKey), /KEYS must be an EC key on P-256, or an RSA key/],
    ['a point off the curve', () => offCurve(), /KEYS must be PEM public keys and nothing else$/],
  ])('refuses %s', async (_, make, fault) => {
    const given = await make();
    const faults = faultsOf({ ...SECRETS, JWT_PREVIOUS_PUBLIC_KEYS: given });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(given.split('\n').filter((line) => line !== '' && faults[0]?.includes(line))).toEqual([]);
  });

  it('names each wrong entry, along with all other errors', async () => {
    const paths = ['/nowhere/a.pem', await fileOf(PUBLIC), '/nowhere/b.pem'];
    expect(
      faultsOf({
        PORT: 'x',
        JWT_PRIVATE_KEY: pemOf(newEcKey('P-384').privateKey),
        JWT_PREVIOUS_PUBLIC_KEYS: paths.join(','),
        CORS_ORIGIN: '*',
      }),
    ).toEqual([
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^JWT_PRIVATE_KEY must be an EC key/),
      expect.stringMatching(/^JWT_PREVIOUS_PUBLIC_KEYS, entry 1, must be .*ENOENT/),
      expect.stringMatching(/^JWT_PREVIOUS_PUBLIC_KEYS, entry 3, must be .*ENOENT/),
      expect.stringMatching(/^CORS_ORIGIN /),
    ]);
  });
});

describe("A key's thumbprint", () => {
  it('matches the example of RFC 7638, section 3.1', () => {
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: RFC_7638_N, e: 'AQAB' } });
    expect(thumbprint(key)).toBe(RFC_7638_THUMBPRINT);
  });
});

function rsaPss() {
  return generateKeyPairSync('rsa-pss', { modulusLength: 2_048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' });
}

/** A public key with the second coordinate of another key: its point is not on the curve. */
function offCurve(): string {
  const der = Buffer.concat([
    ec.publicKey.export({ format: 'der', type: 'spki' }).subarray(0, -32),
    other.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  ]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}
