import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectFailure } from '../support/answers.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { EXPIRED, expectAccessRefused, FORGERIES, type Forgery, UNAUTHORIZED } from '../support/forgeries.js';
import { signingModes } from '../support/signing-keys.js';
import { type DecodedToken, decodeToken, signToken } from '../support/tokens.js';

describe.each(signingModes())('an access token of $algorithm', ({ algorithm, env, key }) => {
  let test: TestApp;
  let ada: Session;
  beforeAll(async () => {
    test = await startApp(env);
    ada = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  const signAs = (token: DecodedToken) => signToken(token, key);
  const forged = (forge: Forgery) => forge(decodeToken(ada.token), signAs);

  it('says so, and which key signed it where keys have names', () => {
    const { kid, ...header } = decodeToken(ada.token).header;
    expect(header).toEqual({ alg: algorithm, typ: 'at+jwt' });
    expect(String(kid)).toMatch(algorithm === 'HS256' ? /^undefined$/ : /^[\w-]{43}$/);
    expect(decodeToken(ada.refreshToken).header).toEqual({ alg: 'HS256', typ: 'rt+jwt' });
  });

  it('is good when it is signed again with the same claims', async () => {
    const token = signAs(decodeToken(ada.token));
    // An ECDSA signature is another each time.
    expect(token === ada.token).toBe(algorithm !== 'ES256');
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
  });

  it.each(FORGERIES)('%s is refused as invalid', async (_, forge) => {
    await expectAccessRefused(test, forged(forge));
  });

  it('that has expired is refused as such', async () => {
    await expectAccessRefused(test, forged(EXPIRED), 'Token expired');
  });

  it.each([
    ['one letter', () => 'x'],
    ['three dots', () => '...'],
    ['without its signature', () => ada.token.split('.').slice(0, 2).join('.')],
    ['with a part too many', () => `${ada.token}.x`],
    ['with another signature', () => `${ada.token.slice(0, -4)}AAAA`],
    ['of the refresh kind', () => ada.refreshToken],
    ['of the refresh kind, signed as an access token', () => signAs(decodeToken(ada.refreshToken))],
    ['signed as a refresh token', () => signToken(decodeToken(ada.token), SECRETS.JWT_REFRESH_SECRET)],
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
    ['a scheme alone', { authorization: 'Bearer' }],
    ['another scheme', { authorization: 'Basic cm9vdDpyb290' }],
  ])('that is missing, with %s, is asked for', async (_, headers) => {
    const answer = await test.api.get('/users/me', { headers });
    expectFailure(answer, { ...UNAUTHORIZED, message: 'No token provided' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('may come with the scheme in any case, and in no other place than the header', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${ada.token}` };
      expect((await test.api.get('/users/me', { headers })).status).toBe(200);
    }
    expectFailure(await test.api.get(`/users/me?access_token=${ada.token}`), UNAUTHORIZED);
    expectFailure(await test.api.get('/users/me', { headers: { cookie: `token=${ada.token}` } }), UNAUTHORIZED);
    expectFailure(await test.api.get('/users/me', { headers: { authorization: ada.token } }), UNAUTHORIZED);
  });
});
