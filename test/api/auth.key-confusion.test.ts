import { constants, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { expectAccessRefused } from '../support/forgeries.js';
import { newEcKey, newRsaKey, pemOf, privateKeyModes } from '../support/signing-keys.js';
import { type DecodedToken, decodeToken, resigned, signToken, signTokenWith } from '../support/tokens.js';

/** The order of P-256. Both numbers of a signature must be below it. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const half = (signature: Buffer, part: 0 | 1) => signature.subarray(32 * part, 32 * part + 32);

describe.each(privateKeyModes())('with a private key for $algorithm', ({ algorithm, env, key, publicKey }) => {
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
  /** A token as the secret signs it: HS256, without a kid. */
  const nameless = (): DecodedToken => withHeader({ alg: 'HS256', kid: undefined });

  it('a token signed with the secret is accepted only as HS256 and without a kid', async () => {
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
  ])('an HS256 token signed with the public key as %s is refused', async (_, secret) => {
    await expectAccessRefused(test, signToken(nameless(), secret()));
    await expectAccessRefused(test, signToken(withHeader({ alg: 'HS256' }), secret()));
  });

  it('an HS256 token signed with the text of the key set, a published key or its kid is refused', async () => {
    const { body, text } = await test.api.get('//.well-known/jwks.json');
    for (const secret of [text, JSON.stringify(body.keys[0]), String(good.header['kid'])]) {
      await expectAccessRefused(test, signToken(nameless(), secret));
      await expectAccessRefused(test, signToken(withHeader({ alg: 'HS256' }), secret));
    }
  });

  const algorithms = ['HS256', 'HS384', 'RS256', 'RS384', 'PS256', 'ES256', 'ES256K', 'ES384', 'EdDSA', 'es256', ''];
  it.each(algorithms.filter((name) => name !== algorithm))(
    'a token signed with the private key is refused under the algorithm %j',
    async (alg) => {
      await expectAccessRefused(test, signToken(withHeader({ alg }), key));
    },
  );

  it('a token signed with the private key over another hash is refused', async () => {
    for (const [bits, hash] of [
      ['384', 'sha384'],
      ['512', 'sha512'],
    ] as const) {
      await expectAccessRefused(test, signToken(withHeader({ alg: algorithm.slice(0, 2) + bits }), key, hash));
      await expectAccessRefused(test, signToken(good, key, hash));
    }
  });

  it('a token signed with the private key is refused without a kid', async () => {
    await expectAccessRefused(test, signToken(withHeader({ kid: undefined }), key));
  });

  it('a token signed with a key that only its own header names is refused', async () => {
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
      ['its two numbers swapped', (signature) => Buffer.concat([half(signature, 1), half(signature, 0)])],
      [
        'its numbers padded to the length of P-384',
        (signature) => Buffer.concat([0, 1].flatMap((part) => [Buffer.alloc(16), half(signature, part === 0 ? 0 : 1)])),
      ],
      ['its first number alone', (signature) => half(signature, 0)],
      ['a single zero byte', () => Buffer.alloc(1)],
    ])('a signature made of %s is refused', async (_, change) => {
      await expectAccessRefused(test, resigned(ada.token, change));
    });

    it('a signature in DER is refused', async () => {
      await expectAccessRefused(
        test,
        signTokenWith(good, (content) => sign('sha256', Buffer.from(content), key)),
      );
    });
  } else {
    it('a PSS signature is refused, whether the header says PS256 or RS256', async () => {
      const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      for (const alg of ['PS256', 'RS256']) {
        const token = signTokenWith(withHeader({ alg }), (content) => sign('sha256', Buffer.from(content), pss));
        await expectAccessRefused(test, token);
      }
    });
  }
});
