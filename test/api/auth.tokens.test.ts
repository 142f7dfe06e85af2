import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectFailure } from '../support/answers.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { EXPIRED, expectAccessRefused, FORGERIES, type Forgery, UNAUTHORIZED } from '../support/forgeries.js';
import { signingModes } from '../support/signing-keys.js';
import { type DecodedToken, decodeToken, signToken } from '../support/tokens.js';

describe.each(signingModes())('an access token signed with $algorithm', ({ algorithm, env, key }) => {
  let test: TestApp;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp(env);
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const signAs = (token: DecodedToken) => signToken(token, key);
  const forged = (forge: Forgery) => forge(decodeToken(ada.token), signAs);

  it('names its algorithm, and its key unless the secret signed it', () => {
    const { kid, ...header } = decodeToken(ada.token).header;
    expect(header).toEqual({ alg: algorithm, typ: 'at+jwt' });
    expect(String(kid)).toMatch(algorithm === 'HS256' ? /^undefined$/ : /^[\w-]{43}$/);
    expect(decodeToken(ada.refreshToken).header).toEqual({ alg: 'HS256', typ: 'rt+jwt' });
  });

  it('is accepted when it is signed again with the same claims', async () => {
    const token = signAs(decodeToken(ada.token));
    // An ECDSA signature differs each time.
    expect(token === ada.token).toBe(algorithm !== 'ES256');
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
  });

  it.each(FORGERIES)('%s is refused as invalid', async (_, forge) => {
    await expectAccessRefused(test, forged(forge));
  });

  it('is refused with "Token expired" after its expiry', async () => {
    await expectAccessRefused(test, forged(EXPIRED), 'Token expired');
  });

  it.each([
    ['that is one letter', () => 'x'],
    ['that is three dots', () => '...'],
    ['without its signature', () => ada.token.split('.').slice(0, 2).join('.')],
    ['with an extra part', () => `${ada.token}.x`],
    ['with another signature', () => `${ada.token.slice(0, -4)}AAAA`],
    ['that is a refresh token', () => ada.refreshToken],
    ['that is a refresh token signed with the access key', () => signAs(decodeToken(ada.refreshToken))],
    ['signed with the refresh secret', () => signToken(decodeToken(ada.token), SECRETS.JWT_REFRESH_SECRET)],
    ['of 8,000 letters', () => 'x'.repeat(8_000)],
  ])('%s is refused as invalid', async (_, token) => {
    await expectAccessRefused(test, token());
  });
});

describe('an access token', () => {
  let test: TestApp;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp();
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  it.each([
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['ES256', 'sha256'],
    ['RS256', 'sha256'],
  ])('of algorithm %s, signed with the secret, is refused as invalid', async (alg, hash) => {
    const { header, claims } = decodeToken(ada.token);
    await expectAccessRefused(test, signToken({ header: { ...header, alg }, claims }, SECRETS.JWT_SECRET, hash));
  });

  it.each([
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['a scheme without a token', { authorization: 'Bearer' }],
    ['another scheme', { authorization: 'Basic cm9vdDpyb290' }],
  ])('is asked for when the request has %s', async (_, headers) => {
    const answer = await test.api.get('/users/me', { headers });
    expectFailure(answer, { ...UNAUTHORIZED, message: 'No token provided' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is accepted only in the Authorization header, with the scheme in any letter case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${ada.token}` };
      expect((await test.api.get('/users/me', { headers })).status).toBe(200);
    }
    expectFailure(await test.api.get(`/users/me?access_token=${ada.token}`), UNAUTHORIZED);
    expectFailure(await test.api.get('/users/me', { headers: { cookie: `token=${ada.token}` } }), UNAUTHORIZED);
    expectFailure(await test.api.get('/users/me', { headers: { authorization: ada.token } }), UNAUTHORIZED);
  });
});
