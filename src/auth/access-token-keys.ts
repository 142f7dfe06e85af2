import { createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig, type VerificationKey } from '#config';
import { ACCESS_TOKEN_TYPE, readTokenHeader, SECRET_ALGORITHM } from './token-header.js';

interface AccessTokenKey {
  readonly algorithm: typeof SECRET_ALGORITHM | VerificationKey['algorithm'];
  /** Its name in a token's header; a secret has none. */
  readonly kid: string | undefined;
  /** Never text: jsonwebtoken would try to parse that as a private key at every call. */
  readonly key: KeyObject;
}

/**
 * What access tokens are signed and verified with. Each key is for one algorithm; a token's header only says which
 * one to try (RFC 8725, section 3.1).
 */
@Injectable()
export class AccessTokenKeys {
  readonly signer: AccessTokenKey;
  /** Those of all keys. */
  readonly algorithms: AccessTokenKey['algorithm'][];
  /** The public keys: the one that signs, then the others. */
  readonly published: readonly VerificationKey[];
  private readonly verifiers: ReadonlyMap<string | undefined, AccessTokenKey>;

  constructor({ tokens: { accessSecret, signingKey, previousKeys } }: AppConfig) {
    const publicKeys = signingKey === undefined ? previousKeys : [signingKey, ...previousKeys];
    this.published = [...new Map(publicKeys.map((key) => [key.kid, key])).values()];
    const secret = accessSecret === undefined ? undefined : secretKey(accessSecret);
    const verifiers = this.published.map(({ algorithm, kid, publicKey }) => ({ algorithm, kid, key: publicKey }));
    this.verifiers = new Map([...verifiers, ...(secret ? [secret] : [])].map((verifier) => [verifier.kid, verifier]));
    this.algorithms = [...new Set([...this.verifiers.values()].map(({ algorithm }) => algorithm))];
    const signer = signingKey === undefined ? secret : { ...signingKey, key: signingKey.privateKey };
    if (signer === undefined) throw new Error('There is nothing to sign access tokens with');
    this.signer = signer;
  }

  /** The key that this token must have been signed with; `undefined` for one that no key of ours can have signed. */
  verifierOf(token: string): KeyObject | undefined {
    const header = readTokenHeader(token, ACCESS_TOKEN_TYPE);
    if (header === undefined) return undefined;
    const verifier = this.verifiers.get(header.kid);
    return verifier?.algorithm === header.alg ? verifier.key : undefined;
  }
}

function secretKey(secret: string): AccessTokenKey {
  return { algorithm: SECRET_ALGORITHM, kid: undefined, key: createSecretKey(secret, 'utf8') };
}
