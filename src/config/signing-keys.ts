import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { collectFaults, ConfigError } from './config.error.js';
import { keyOrUndefined, PEM_BLOCK, pemEntries, readPem } from './pem.js';

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2_048;
const WANTED = `an EC key on P-256, or an RSA key of ${MIN_RSA_BITS} bits or more`;

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

function readSigningKey(given: string): SigningKey {
  const name = 'JWT_PRIVATE_KEY';
  const blocks = [...readPem(name, given).matchAll(PEM_BLOCK)].filter(([, label]) => label?.endsWith('PRIVATE KEY'));
  const [pem = ''] = blocks[0] ?? [];
  const privateKey = blocks.length === 1 ? keyOrUndefined(() => createPrivateKey(pem)) : undefined;
  if (privateKey === undefined) throw new ConfigError([`${name} must be one PEM private key that is not encrypted`]);
  return { ...verificationKey(name, createPublicKey(privateKey)), privateKey };
}

function readPreviousKeys(given: string, faults: string[]): VerificationKey[] {
  const entries = pemEntries(given);
  return entries.flatMap((entry, index) => {
    const name = `JWT_PREVIOUS_PUBLIC_KEYS${entries.length > 1 ? `, entry ${index + 1},` : ''}`;
    return collectFaults(faults, () => readPublicKeys(name, entry)) ?? [];
  });
}

function readPublicKeys(name: string, given: string): VerificationKey[] {
  const pem = readPem(name, given);
  const keys = [...pem.matchAll(PEM_BLOCK)].map(([block, label]) =>
    // Of a private key, createPublicKey() would take the public half.
    label?.endsWith('PUBLIC KEY') ? keyOrUndefined(() => createPublicKey(block)) : undefined,
  );
  const readable = keys.filter((key) => key !== undefined);
  // A block that was cut short is no block, and must not go unnoticed.
  const rest = pem.replaceAll(PEM_BLOCK, '').replaceAll(/[\s,]/g, '');
  if (keys.length === 0 || readable.length < keys.length || rest !== '') {
    throw new ConfigError([`${name} must be PEM public keys and nothing else`]);
  }
  return readable.map((key) => verificationKey(name, key));
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
