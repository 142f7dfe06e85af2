import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SECRETS } from './app.js';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newEcKey(namedCurve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve });
}

export function newRsaKey(modulusLength = 2_048): KeyPair {
  return generateKeyPairSync('rsa', { modulusLength });
}

/** PKCS#8 or SPKI, as `keys:generate` writes them. */
export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString();
}

/** One of the three ways to sign access tokens. */
export interface SigningMode {
  readonly algorithm: 'HS256' | 'ES256' | 'RS256';
  readonly env: Readonly<Record<string, string>>;
  /** The key that the server signs with. */
  readonly key: string | KeyObject;
}

export interface PrivateKeyMode extends SigningMode {
  readonly algorithm: 'ES256' | 'RS256';
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

/** `JWT_SECRET` stays set, as during a rotation, so that the server also accepts HS256. */
export function privateKeyModes(): PrivateKeyMode[] {
  const ec = newEcKey();
  const rsa = newRsaKey();
  return [
    { algorithm: 'ES256', env: { JWT_PRIVATE_KEY: pemOf(ec.privateKey) }, key: ec.privateKey, publicKey: ec.publicKey },
    {
      algorithm: 'RS256',
      env: { JWT_PRIVATE_KEY: pemOf(rsa.privateKey) },
      key: rsa.privateKey,
      publicKey: rsa.publicKey,
    },
  ];
}

export function signingModes(): SigningMode[] {
  return [{ algorithm: 'HS256', env: {}, key: SECRETS.JWT_SECRET }, ...privateKeyModes()];
}
