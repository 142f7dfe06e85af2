import { constants, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { expectAccessRefused } from '../support/forgeries.js';
import { newEcKey, newRsaKey, pemOf, privateKeyModes } from '../support/signing-keys.js';
import { type DecodedToken, decodeToken, resigned, signToken, signTokenWith } from '../support/tokens.js';

/** The order of P-256, of which a signature's numbers are the remainders. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const half = (signature: Buffer, part: 0 | 1) => signature.subarray(32 * part, 32 * part + 32);

describe.each(privateKeyModes())('beside a private key for $algorithm', ({ algorithm, env, key, publicKey }) => {
  let test: TestApp;
  let ada: Session;
  let good: DecodedToken;
  beforeAll(async () => {
    test = await startApp(env);
    ada = await register(test.api, newAccount());
    good = decodeToken(ada.token);
  });
  afterAll(() => test.close());

  const withHeader = (changes: object): DecodedToken => ({ ...good, header: { ...good.header, ...changes } });
  /** As the secret's tokens are: without a name. */
  const nameless = (): DecodedToken => withHeader({ alg: 'HS256', kid: undefined });

  it("the secret's own tokens are good, under their own algorithm and without a kid", async () => {
    const token = signToken(nameless(), SECRETS.JWT_SECRET);
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
    await expectAccessRefused(test, signToken(withHeader({ alg: 'HS256' }), SECRETS.JWT_SECRET));
    await expectAccessRefused(test, signToken(good, SECRETS.JWT_SECRET));
    await expectAccessRefused(test, signToken(withHeader({ kid: undefined }), SECRETS.JWT_SECRET));
  });

  it.each<[string, () => string | Uint8Array]>([
    ['PEM', () => pemOf(publicKey)],
    ['PEM after an empty line', () => `\n${pemOf(publicKey)}`],
    ['PEM without its last line break', () => pemOf(publicKey).trimEnd()],
    ['PEM on one line', () => pemOf(publicKey).replaceAll('\n', '\\n')],
    ['DER', () => publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', () => JSON.stringify(publicKey.export({ format: 'jwk' }))],
  ])('the public key is no secret: HS256 by its %s is refused', async (_, secret) => {
    await expectAccessRefused(test, signToken(nameless(), secret()));
    await expectAccessRefused(test, signToken(withHeader({ alg: 'HS256' }), secret()));
  });

  it('the public key as it is published is no secret either', async () => {
    const { body, text } = await test.api.get('//.well-known/jwks.json');
    for (const secret of [text, JSON.stringify(body.keys[0]), String(good.header['kid'])]) {
      await expectAccessRefused(test, signToken(nameless(), secret));
      await expectAccessRefused(test, signToken(withHeader({ alg: 'HS256' }), secret));
    }
  });

  const algorithms = ['HS256', 'HS384', 'RS256', 'RS384', 'PS256', 'ES256', 'ES256K', 'ES384', 'EdDSA', 'es256', ''];
  it.each(algorithms.filter((name) => name !== algorithm))('no token of the key is called %j', async (alg) => {
    await expectAccessRefused(test, signToken(withHeader({ alg }), key));
  });

  it('the key is for one hash', async () => {
    for (const [bits, hash] of [
      ['384', 'sha384'],
      ['512', 'sha512'],
    ] as const) {
      await expectAccessRefused(test, signToken(withHeader({ alg: algorithm.slice(0, 2) + bits }), key, hash));
      await expectAccessRefused(test, signToken(good, key, hash));
    }
  });

  it('a token without a kid is none of the key', async () => {
    await expectAccessRefused(test, signToken(withHeader({ kid: undefined }), key));
  });

  it('a key that comes along in the header is not looked at', async () => {
    for (const foreign of [newEcKey(), newRsaKey()]) {
      const jwk = foreign.publicKey.export({ format: 'jwk' });
      const alg = jwk.kty === 'EC' ? 'ES256' : 'RS256';
      for (const header of [{}, { jwk }, { jwk, kid: undefined }, { alg, jwk }, { alg, jwk, kid: 'mine' }, { alg }]) {
        await expectAccessRefused(test, signToken(withHeader(header), foreign.privateKey));
      }
    }
  });

  if (algorithm === 'ES256') {
    it.each<[string, (signature: Buffer) => Buffer]>([
      ['zeros', () => Buffer.alloc(64)],
      ['the order twice', () => Buffer.concat([ORDER, ORDER])],
      ['its first number and zero', (signature) => Buffer.concat([half(signature, 0), Buffer.alloc(32)])],
      ['zero and its second number', (signature) => Buffer.concat([Buffer.alloc(32), half(signature, 1)])],
      ['its numbers the wrong way round', (signature) => Buffer.concat([half(signature, 1), half(signature, 0)])],
      [
        'its numbers as those of P-384',
        (signature) => Buffer.concat([0, 1].flatMap((part) => [Buffer.alloc(16), half(signature, part === 0 ? 0 : 1)])),
      ],
      ['one number', (signature) => half(signature, 0)],
      ['one byte', () => Buffer.alloc(1)],
    ])('a signature of %s is refused', async (_, change) => {
      await expectAccessRefused(test, resigned(ada.token, change));
    });

    it('a signature in DER is refused', async () => {
      await expectAccessRefused(
        test,
        signTokenWith(good, (content) => sign('sha256', Buffer.from(content), key)),
      );
    });
  } else {
    it('a PSS signature is refused, whatever the header calls it', async () => {
      const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      for (const alg of ['PS256', 'RS256']) {
        const token = signTokenWith(withHeader({ alg }), (content) => sign('sha256', Buffer.from(content), pss));
        await expectAccessRefused(test, token);
      }
    });
  }
});
