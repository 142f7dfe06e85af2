import { describe, expect, it } from '@jest/globals';
import { AccessTokenKeys } from '../../src/auth/access-token-keys.js';
import { loadConfig } from '../../src/config/index.js';
import { newEcKey, newRsaKey, pemOf } from '../support/signing-keys.js';
import { signToken } from '../support/tokens.js';

const ec = newEcKey();
const rsa = newRsaKey();
const config = loadConfig({
  JWT_SECRET: 'k1-nothing-but-a-test-signs-with-this-one',
  JWT_REFRESH_SECRET: 'k2-nothing-but-a-test-signs-with-this-one',
  JWT_PRIVATE_KEY: pemOf(ec.privateKey),
  JWT_PREVIOUS_PUBLIC_KEYS: pemOf(rsa.publicKey),
});
const keys = new AccessTokenKeys(config);
const [EC_KID, RSA_KID] = keys.published.map(({ kid }) => kid);

const verifierOf = (header: Record<string, unknown>) =>
  keys.verifierOf(signToken({ header: { typ: 'at+jwt', ...header }, claims: {} }, 'any'));

describe('Access token keys', () => {
  it('sign with the private key, whose kid is its thumbprint', () => {
    expect(keys.signer).toMatchObject({ algorithm: 'ES256', kid: EC_KID });
    expect(keys.signer.key.equals(ec.privateKey)).toBe(true);
    expect(keys.algorithms.toSorted()).toEqual(['ES256', 'HS256', 'RS256']);
  });

  it('find the key to verify a token by its kid and algorithm', () => {
    expect(verifierOf({ alg: 'ES256', kid: EC_KID })?.equals(ec.publicKey)).toBe(true);
    expect(verifierOf({ alg: 'RS256', kid: RSA_KID })?.equals(rsa.publicKey)).toBe(true);
    expect(verifierOf({ alg: 'HS256' })?.type).toBe('secret');
  });

  it.each([
    { alg: 'RS256', kid: EC_KID },
    { alg: 'HS256', kid: EC_KID },
    { alg: 'ES256', kid: RSA_KID },
    { alg: 'PS256', kid: RSA_KID },
    { alg: 'HS256', kid: RSA_KID },
    { alg: 'ES256' },
    { alg: 'RS256' },
    { alg: 'none' },
    { alg: 'none', kid: EC_KID },
    { alg: 'HS256', kid: '' },
    { alg: 'HS256', kid: 'undefined' },
  ])('have no key for a token with the header %j', (header) => {
    expect(verifierOf(header)).toBeUndefined();
  });

  it('cannot be created without a secret or a private key', () => {
    const tokens = { ...config.tokens, accessSecret: undefined, signingKey: undefined };
    expect(() => new AccessTokenKeys({ ...config, tokens })).toThrow('nothing to sign access tokens with');
  });
});
