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
  // Whatever signs access tokens, a secret of its own signs these.
  test = await startApp({ JWT_PRIVATE_KEY: pemOf(privateKey) });
  ada = await register(test.api, newAccount());
});
afterAll(() => test.close());

const signAs = (token: DecodedToken) => signToken(token, SECRETS.JWT_REFRESH_SECRET);

const MORE_FORGERIES: NamedForgery[] = [
  ['of a jti that is no UUID', claiming({ jti: 'x' })],
  ['of a jti that is a list', claiming({ jti: [randomUUID()] })],
  ['of algorithm ES256, signed with the secret', headed({ alg: 'ES256' })],
  ['of algorithm RS256, signed with the secret', headed({ alg: 'RS256' })],
  [
    'of algorithm HS512, rightly signed',
    ({ header, claims }) =>
      signToken({ header: { ...header, alg: 'HS512' }, claims }, SECRETS.JWT_REFRESH_SECRET, 'sha512'),
  ],
  ['signed with the private key', (token) => signToken(token, privateKey)],
  [
    'signed with the private key, and saying so',
    ({ claims }) => signToken({ header: { ...decodeToken(ada.token).header, typ: 'rt+jwt' }, claims }, privateKey),
  ],
];

describe('a refresh token', () => {
  it.each([...FORGERIES, ...MORE_FORGERIES])('%s is refused as invalid', async (_, forge) => {
    const { refreshToken } = await register(test.api, newAccount());
    await expectRefreshRefused(test, forge(decodeToken(refreshToken), signAs));
  });

  it('is good when it is signed again with the same claims', async () => {
    const { refreshToken } = await register(test.api, newAccount());
    expect(signAs(decodeToken(refreshToken))).toBe(refreshToken);
    expect((await test.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('that has expired is refused as such', async () => {
    await expectRefreshRefused(test, EXPIRED(decodeToken(ada.refreshToken), signAs), 'Token expired');
  });

  it.each([
    ['empty', () => ''],
    ['a word', () => 'garbage'],
    ['three dots', () => '...'],
    ['full of emoji', () => '😀.😀.😀'],
    ['of 10,000 letters', () => 'x'.repeat(10_000)],
    ['of the access kind', () => ada.token],
    ['of the access kind, signed as a refresh token', () => signAs(decodeToken(ada.token))],
    ['signed as an access token', () => signToken(decodeToken(ada.refreshToken), SECRETS.JWT_SECRET)],
  ])('%s is refused as invalid', async (_, token) => {
    await expectRefreshRefused(test, token());
  });

  it.each([[undefined], [null], [7], [true], [{}], [['x']]])('of %j is a 400', async (refreshToken) => {
    const answer = await test.api.post('/auth/refresh', { refreshToken });
    expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR', fault: { field: 'refreshToken' } });
  });

  it('of an account that is no longer active is refused', async () => {
    const account = newAccount();
    const { refreshToken, user } = await register(test.api, account);
    await setStatus(test, user.id, 'suspended');
    await expectRefreshRefused(test, refreshToken);
    await expect(login(test.api, account)).rejects.toThrow('403');
  });
});
