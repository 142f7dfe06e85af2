import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setStatus } from '../support/accounts.js';
import { expectFailure } from '../support/answers.js';
import { login, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { claiming, EXPIRED, expectRefreshRefused, FORGERIES, headed, type NamedForgery } from '../support/forgeries.js';
import { newEcKey, pemOf } from '../support/signing-keys.js';
import { type DecodedToken, decodeToken, signToken } from '../support/tokens.js';

const { privateKey } = newEcKey();

let test: TestApp;
let ada: Session;
beforeAll(async () => {
  // Refresh tokens have their own secret, even when a private key signs access tokens.
  test = await startApp({ JWT_PRIVATE_KEY: pemOf(privateKey) });
  ada = await register(test.api, newAccount());
});
afterAll(() => test.close());

const signAs = (token: DecodedToken) => signToken(token, SECRETS.JWT_REFRESH_SECRET);

const MORE_FORGERIES: NamedForgery[] = [
  ['with a jti that is not a UUID', claiming({ jti: 'x' })],
  ['with a jti that is a list', claiming({ jti: [randomUUID()] })],
  ['of algorithm ES256, signed with the secret', headed({ alg: 'ES256' })],
  ['of algorithm RS256, signed with the secret', headed({ alg: 'RS256' })],
  [
    'of algorithm HS512, signed correctly',
    ({ header, claims }) =>
      signToken({ header: { ...header, alg: 'HS512' }, claims }, SECRETS.JWT_REFRESH_SECRET, 'sha512'),
  ],
  ['signed with the private key', (token) => signToken(token, privateKey)],
  [
    'signed with the private key, as its header says',
    ({ claims }) => signToken({ header: { ...decodeToken(ada.token).header, typ: 'rt+jwt' }, claims }, privateKey),
  ],
];

describe('a refresh token', () => {
  it.each([...FORGERIES, ...MORE_FORGERIES])('%s is refused as invalid', async (_, forge) => {
    const { refreshToken } = await register(test.api, newAccount());
    await expectRefreshRefused(test, forge(decodeToken(refreshToken), signAs));
  });

  it('is accepted when it is signed again with the same claims', async () => {
    const { refreshToken } = await register(test.api, newAccount());
    expect(signAs(decodeToken(refreshToken))).toBe(refreshToken);
    expect((await test.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('is accepted from an instance whose clock is half a minute fast', async () => {
    const { refreshToken } = await register(test.api, newAccount());
    const { header, claims } = decodeToken(refreshToken);
    const early = signAs({ header, claims: { ...claims, iat: Number(claims['iat']) + 30 } });
    expect((await test.api.post('/auth/refresh', { refreshToken: early })).status).toBe(200);
  });

  it('is refused with "Token expired" after its expiry', async () => {
    await expectRefreshRefused(test, EXPIRED(decodeToken(ada.refreshToken), signAs), 'Token expired');
  });

  it.each([
    ['that is empty', () => ''],
    ['that is a word', () => 'garbage'],
    ['that is three dots', () => '...'],
    ['made of emoji', () => '😀.😀.😀'],
    ['of 10,000 letters', () => 'x'.repeat(10_000)],
    ['that is an access token', () => ada.token],
    ['that is an access token signed with the refresh secret', () => signAs(decodeToken(ada.token))],
    ['signed with the access secret', () => signToken(decodeToken(ada.refreshToken), SECRETS.JWT_SECRET)],
  ])('%s is refused as invalid', async (_, token) => {
    await expectRefreshRefused(test, token());
  });

  it.each([[null], [7], [true], [{}], [['x']]])('that is %j is answered 400', async (refreshToken) => {
    const answer = await test.api.post('/auth/refresh', { refreshToken });
    expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR', fault: { field: 'refreshToken' } });
  });

  it('is refused once its account is no longer active', async () => {
    const account = newAccount();
    const { refreshToken, user } = await register(test.api, account);
    await setStatus(test, user.id, 'suspended');
    await expectRefreshRefused(test, refreshToken);
    await expect(login(test.api, account)).rejects.toThrow('403');
  });
});
