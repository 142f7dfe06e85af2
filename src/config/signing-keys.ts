import { createHash, createPrivateKey, createPublicKey, hkdfSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.error.js';

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2_048;
const WANTED = `an EC key on P-256, or an RSA key of ${MIN_RSA_BITS} bits or more`;

/** What stands before the 32 bytes of an Ed25519 private key (RFC 8410, section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const PEM_BEGIN = '-----BEGIN ';
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----)[\s\S])*-----END \1-----/g;

/** A public key, and the one algorithm that it verifies with (RFC 8725, section 3.1). */
export interface VerificationKey {
  /** Its thumbprint. */
  readonly kid: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly publicKey: KeyObject;
  /** Its public members, and no other. */
  readonly jwk: PublicJwk;
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}

export interface PublicJwk extends Readonly<Pick<JsonWebKey, 'crv' | 'x' | 'y' | 'n' | 'e'>> {
  readonly kty: 'EC' | 'RSA';
}

export interface SigningKeys {
  readonly signingKey: SigningKey | undefined;
  readonly previousKeys: readonly VerificationKey[];
  readonly faults: readonly string[];
}

/**
 * Reads `JWT_PRIVATE_KEY` and `JWT_PREVIOUS_PUBLIC_KEYS`: PEM, or the paths of files that hold it.
 *
 * The faults never quote what was given: it may be a private key in the wrong place.
 */
export function readSigningKeys(privateKey: string | undefined, previousKeys: string | undefined): SigningKeys {
  const faults: string[] = [];
  return {
    signingKey: privateKey === undefined ? undefined : collectFaults(faults, () => readSigningKey(privateKey)),
    previousKeys: previousKeys === undefined ? [] : readPreviousKeys(previousKeys, faults),
    faults,
  };
}

/** The SHA-256 thumbprint of a public key (RFC 7638): the same key has the same one wherever it is computed. */
export function thumbprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(publicMembers(publicKey)))
    .digest('base64url');
}

export interface AuditKeys {
  readonly key: KeyObject | undefined;
  readonly previous: readonly KeyObject[];
  readonly faults: readonly string[];
}

/** Reads `AUDIT_SIGNING_KEY` and `AUDIT_PREVIOUS_PUBLIC_KEYS`: an Ed25519 private key, as PEM or in a file. */
export function readAuditKeys(signing: string | undefined, previous: string | undefined): AuditKeys {
  const faults: string[] = [];
  return {
    key: signing === undefined ? undefined : collectFaults(faults, () => readEd25519('AUDIT_SIGNING_KEY', signing)),
    previous: previous === undefined ? [] : (collectFaults(faults, () => readEd25519Publics(previous)) ?? []),
    faults,
  };
}

function readEd25519Publics(given: string): KeyObject[] {
  const name = 'AUDIT_PREVIOUS_PUBLIC_KEYS';
  const entries = given.includes(PEM_BEGIN) ? [given] : given.split(',').filter((entry) => entry.trim() !== '');
  const blocks = entries.flatMap((entry) => [...readPem(name, entry).matchAll(PEM_BLOCK)].map(([block]) => block));
  const keys = blocks.map((block) => parse(() => createPublicKey(block)));
  const good = keys.filter((key) => key?.asymmetricKeyType === 'ed25519');
  if (good.length === 0 || good.length < keys.length)
    throw new ConfigError([`${name} must be Ed25519 public keys in PEM`]);
  return good.filter((key) => key !== undefined);
}

/** The same from a secret, where there is no key of its own. */
export function deriveAuditKey(secret: string): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'audit checkpoints', 32));
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function readEd25519(name: string, given: string): KeyObject {
  const pem = readPem(name, given);
  const key = parse(() => createPrivateKey(pem));
  if (key?.asymmetricKeyType !== 'ed25519') throw new ConfigError([`${name} must be an Ed25519 private key in PEM`]);
  return key;
}

function readSigningKey(given: string): SigningKey {
  const name = 'JWT_PRIVATE_KEY';
  const blocks = [...readPem(name, given).matchAll(PEM_BLOCK)].filter(([, label]) => label?.endsWith('PRIVATE KEY'));
  const [pem = ''] = blocks[0] ?? [];
  const privateKey = blocks.length === 1 ? parse(() => createPrivateKey(pem)) : undefined;
  if (privateKey === undefined) throw new ConfigError([`${name} must be one PEM private key that is not encrypted`]);
  return { ...verificationKey(name, createPublicKey(privateKey)), privateKey };
}

function readPreviousKeys(given: string, faults: string[]): VerificationKey[] {
  const entries = given.includes(PEM_BEGIN) ? [given] : given.split(',').filter((entry) => entry.trim() !== '');
  return entries.flatMap((entry, index) => {
    const name = `JWT_PREVIOUS_PUBLIC_KEYS${entries.length > 1 ? `, entry ${index + 1},` : ''}`;
    return collectFaults(faults, () => readPublicKeys(name, entry)) ?? [];
  });
}

function readPublicKeys(name: string, given: string): VerificationKey[] {
  const pem = readPem(name, given);
  const keys = [...pem.matchAll(PEM_BLOCK)].map(([block, label]) =>
    // Of a private key, createPublicKey() would take the public half.
    label?.endsWith('PUBLIC KEY') ? parse(() => createPublicKey(block)) : undefined,
  );
  const readable = keys.filter((key) => key !== undefined);
  // A block that was cut short is no block, and must not go unnoticed.
  const rest = pem.replaceAll(PEM_BLOCK, '').replaceAll(/[\s,]/g, '');
  if (keys.length === 0 || readable.length < keys.length || rest !== '') {
    throw new ConfigError([`${name} must be PEM public keys and nothing else`]);
  }
  return readable.map((key) => verificationKey(name, key));
}

/** The PEM that was given, be it in a file or on one line with `\n` between its lines. */
function readPem(name: string, given: string): string {
  if (given.includes(PEM_BEGIN)) return given.replaceAll('\\n', '\n');
  try {
    return readFileSync(given.trim(), 'utf8');
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ConfigError([`${name} must be PEM, or the path of a file that can be read${code}`]);
  }
}

function verificationKey(name: string, publicKey: KeyObject): VerificationKey {
  const algorithm = algorithmOf(publicKey);
  if (algorithm === undefined) throw new ConfigError([`${name} must be ${WANTED}`]);
  return { kid: thumbprint(publicKey), algorithm, publicKey, jwk: publicMembers(publicKey) };
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256';
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return 'RS256';
  return undefined;
}

/** In the order that the thumbprint is made in (RFC 7638, section 3.3). */
function publicMembers(publicKey: KeyObject): PublicJwk {
  const { crv, e, kty, n, x, y } = publicKey.export({ format: 'jwk' });
  return kty === 'EC' ? { crv, kty, x, y } : { e, kty: 'RSA', n };
}

function parse(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    // What OpenSSL says helps nobody.
    return undefined;
  }
}

function collectFaults<T>(faults: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}
