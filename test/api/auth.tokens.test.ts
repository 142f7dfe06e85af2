import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setStatus } from '../support/accounts.js';
import { expectFailure } from '../support/answers.js';
import { login, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { type DecodedToken, decodeToken, signToken, unsignedToken } from '../support/tokens.js';

const UNAUTHORIZED = { status: 401, code: 'UNAUTHORIZED' };
const REFUSED = 'Bearer error="invalid_token"';
const FOREIGN_SECRET = 'k3-nobody-here-signs-with-this-secret-at-all';
const now = Math.floor(Date.now() / 1_000);

type Forgery = (token: DecodedToken, secret: string) => string;

function claiming(changes: Readonly<Record<string, unknown>>): Forgery {
  return ({ header, claims }, secret) => signToken({ header, claims: { ...claims, ...changes } }, secret);
}

function headed(changes: Readonly<Record<string, unknown>>, hash?: string): Forgery {
  return ({ header, claims }, secret) => signToken({ header: { ...header, ...changes }, claims }, secret, hash);
}

/** What neither kind of token may be; a claim of `undefined` is left out. */
const FORGERIES: [string, Forgery][] = [
  ['signed with a foreign secret', (token) => signToken(token, FOREIGN_SECRET)],
  ['signed with an empty secret', (token) => signToken(token, '')],
  ['without a signature', (token) => unsignedToken(token)],
  ['of algorithm none', ({ header, claims }) => unsignedToken({ header: { ...header, alg: 'none' }, claims })],
  ['of algorithm None', ({ header, claims }) => unsignedToken({ header: { ...header, alg: 'None' }, claims })],
  ['of algorithm none with a signature', headed({ alg: 'none' })],
  ['of algorithm HS512, rightly signed', headed({ alg: 'HS512' }, 'sha512')],
  ['of algorithm RS256, signed as HS256', headed({ alg: 'RS256' })],
  ['without an algorithm', headed({ alg: undefined })],
  ['of type JWT', headed({ typ: 'JWT' })],
  ['without a type', headed({ typ: undefined })],
  ['with a critical extension', headed({ crit: ['b64'], b64: false })],
  ['without exp', claiming({ exp: undefined })],
  ['with exp as a string', claiming({ exp: String(now + 3_600) })],
  ['with exp null', claiming({ exp: null })],
  ['without iat', claiming({ iat: undefined })],
  ['not valid yet', claiming({ nbf: now + 3_600 })],
  ['of another issuer', claiming({ iss: 'somebody-else' })],
  ['without an issuer', claiming({ iss: undefined })],
  ['for another audience', claiming({ aud: 'somebody-else' })],
  ['without an audience', claiming({ aud: undefined })],
  ['without a session', claiming({ sid: undefined })],
  ['of a session that is not there', claiming({ sid: randomUUID() })],
  ['of a session that is no UUID', claiming({ sid: 'x' })],
  ['of a session that is a list', claiming({ sid: [randomUUID()] })],
  ['without jti', claiming({ jti: undefined })],
  ['without a subject', claiming({ sub: undefined })],
  ['of another subject', claiming({ sub: randomUUID() })],
  ['of a subject that is no UUID', claiming({ sub: 'x' })],
  ['of claims that are no object', ({ header }, secret) => signToken({ header, claims: JSON.parse('[1]') }, secret)],
];

let test: TestApp;
let ada: Session;
beforeAll(async () => {
  test = await startApp();
  ada = await register(test.api, newAccount());
});
afterAll(() => test.close());

async function expectAccessRefused(token: string, message: string): Promise<void> {
  const answer = await test.api.get('/users/me', { token });
  expectFailure(answer, { ...UNAUTHORIZED, message });
  expect(answer.headers.get('www-authenticate')).toBe(REFUSED);
}

async function expectRefreshRefused(refreshToken: string, message: string): Promise<void> {
  const answer = await test.api.post('/auth/refresh', { refreshToken });
  expectFailure(answer, { ...UNAUTHORIZED, message });
  expect(answer.headers.get('www-authenticate')).toBe(REFUSED);
}

describe('an access token', () => {
  it('is good when it is signed again with the same claims', async () => {
    const token = signToken(decodeToken(ada.token), SECRETS.JWT_SECRET);
    expect(token).toBe(ada.token);
    expect((await test.api.get('/users/me', { token })).status).toBe(200);
  });

  it.each(FORGERIES)('%s is refused as invalid', async (_, forge) => {
    await expectAccessRefused(forge(decodeToken(ada.token), SECRETS.JWT_SECRET), 'Invalid token');
  });

  it('that has expired is refused as such', async () => {
    await expectAccessRefused(claiming({ exp: now - 1 })(decodeToken(ada.token), SECRETS.JWT_SECRET), 'Token expired');
  });

  it.each([
    ['one letter', () => 'x'],
    ['three dots', () => '...'],
    ['without its signature', () => ada.token.split('.').slice(0, 2).join('.')],
    ['with a part too many', () => `${ada.token}.x`],
    ['with another signature', () => `${ada.token.slice(0, -4)}AAAA`],
    ['of the refresh kind', () => ada.refreshToken],
    [
      'of the refresh kind, signed as an access token',
      () => signToken(decodeToken(ada.refreshToken), SECRETS.JWT_SECRET),
    ],
    ['signed as a refresh token', () => signToken(decodeToken(ada.token), SECRETS.JWT_REFRESH_SECRET)],
    ['of 8,000 letters', () => 'x'.repeat(8_000)],
  ])('%s is refused as invalid', async (_, token) => {
    await expectAccessRefused(token(), 'Invalid token');
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

describe('a refresh token', () => {
  it.each([
    ...FORGERIES,
    ['of a jti that is no UUID', claiming({ jti: 'x' })],
    ['of a jti that is a list', claiming({ jti: [randomUUID()] })],
  ] as [string, Forgery][])('%s is refused as invalid', async (_, forge) => {
    const { refreshToken } = await register(test.api, newAccount());
    await expectRefreshRefused(forge(decodeToken(refreshToken), SECRETS.JWT_REFRESH_SECRET), 'Invalid token');
  });

  it('that has expired is refused as such', async () => {
    const expired = claiming({ exp: now - 1 })(decodeToken(ada.refreshToken), SECRETS.JWT_REFRESH_SECRET);
    await expectRefreshRefused(expired, 'Token expired');
  });

  it.each([
    ['empty', () => ''],
    ['a word', () => 'garbage'],
    ['three dots', () => '...'],
    ['full of emoji', () => '😀.😀.😀'],
    ['of 10,000 letters', () => 'x'.repeat(10_000)],
    ['of the access kind', () => ada.token],
    [
      'of the access kind, signed as a refresh token',
      () => signToken(decodeToken(ada.token), SECRETS.JWT_REFRESH_SECRET),
    ],
    ['signed as an access token', () => signToken(decodeToken(ada.refreshToken), SECRETS.JWT_SECRET)],
  ])('%s is refused as invalid', async (_, token) => {
    await expectRefreshRefused(token(), 'Invalid token');
  });

  it.each([[undefined], [null], [7], [true], [{}], [['x']]])('of %j is a 400', async (refreshToken) => {
    const answer = await test.api.post('/auth/refresh', { refreshToken });
    expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR', fault: { field: 'refreshToken' } });
  });

  it('of an account that is no longer active is refused', async () => {
    const account = newAccount();
    const { refreshToken, user } = await register(test.api, account);
    await setStatus(test, user.id, 'suspended');
    await expectRefreshRefused(refreshToken, 'Invalid token');
    await expect(login(test.api, account)).rejects.toThrow('403');
  });
});
