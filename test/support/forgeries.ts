import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { expectFailure } from './answers.js';
import type { TestApp } from './app.js';
import { type DecodedToken, resigned, signToken, unsignedToken } from './tokens.js';

export const UNAUTHORIZED = { status: 401, code: 'UNAUTHORIZED' };
const REFUSED = 'Bearer error="invalid_token"';
const FOREIGN_SECRET = 'k3-no-server-signs-with-this-foreign-secret';
const now = Math.floor(Date.now() / 1_000);

/** Makes a forged token from a valid one; `signAs` signs as the server does. */
export type Forgery = (token: DecodedToken, signAs: (token: DecodedToken) => string) => string;
export type NamedForgery = [name: string, forge: Forgery];

/** Changes claims of the token; a claim of `undefined` is left out. */
export function claiming(changes: Readonly<Record<string, unknown>>): Forgery {
  return ({ header, claims }, signAs) => signAs({ header, claims: { ...claims, ...changes } });
}

/** Changes parameters of the header; a parameter of `undefined` is left out. */
export function headed(changes: Readonly<Record<string, unknown>>): Forgery {
  return ({ header, claims }, signAs) => signAs({ header: { ...header, ...changes }, claims });
}

/** A time from now on, as the server that checks the token sees it. */
function issuedIn(seconds: number) {
  const iat = Math.floor(Date.now() / 1_000) + seconds;
  return { iat, exp: iat + 3_600 };
}

export const EXPIRED = claiming({ exp: now - 1 });

const KIDS: [string, unknown][] = [
  ['that is unknown', 'ad1XsYHbMbD_8Mny2FvVzTnCDQ6rZ8TS_kaJwm8D8vQ'],
  ['that is a path', '../../../../../../dev/null'],
  ['that is SQL', "x' UNION SELECT 'secret' --"],
  ['that is a command', '|/bin/sh -c id'],
  ['that is NUL', '\0'],
  ['that ends in NUL', 'x\0.pem'],
  ['that is a lone surrogate', '\ud800'],
  ['that is empty', ''],
  ['that every object has as a property', '__proto__'],
  ['of 8,000 letters', 'x'.repeat(8_000)],
  ['that is a number', 7],
  ['that is null', null],
  ['that is a list', ['x']],
  ['that is an object', { toString: 'x' }],
];

const PARAMETERS: [string, unknown][] = [
  ['jwk', { kty: 'oct', k: 'AAAA' }],
  ['jku', 'https://keys.test/jwks.json'],
  ['x5u', 'https://keys.test/cert.pem'],
  ['x5c', ['MIIB']],
  ['x5t', 'AAAA'],
  ['crit', ['exp']],
  ['crit', []],
  ['b64', false],
  ['cty', 'JWT'],
  ['zip', 'DEF'],
  ['iss', 'user-management-api'],
];

/** Forgeries that must be refused as access tokens and as refresh tokens, whatever key signs them. */
export const FORGERIES: NamedForgery[] = [
  ['signed with a foreign secret', (token) => signToken(token, FOREIGN_SECRET)],
  ['signed with an empty secret', (token) => signToken(token, '')],
  ['without a signature', (token) => unsignedToken(token)],
  ...['none', 'None', 'noNE', 'NONE'].map((alg): NamedForgery => [
    `of algorithm ${alg}`,
    ({ header, claims }) => unsignedToken({ header: { ...header, alg }, claims }),
  ]),
  ['of algorithm none with a signature', headed({ alg: 'none' })],
  ['of an algorithm that is a list', headed({ alg: ['HS256', 'ES256', 'RS256'] })],
  ['without an algorithm', headed({ alg: undefined })],
  ['of type JWT', headed({ typ: 'JWT' })],
  ['without a type', headed({ typ: undefined })],
  ['of a type that is a list', headed({ typ: ['at+jwt', 'rt+jwt'] })],
  ...KIDS.map(([what, kid]): NamedForgery => [`with a kid ${what}`, headed({ kid })]),
  ...PARAMETERS.map(([name, value]): NamedForgery => [
    `with ${name} ${JSON.stringify(value)} in its header`,
    headed({ [name]: value }),
  ]),
  ...[90, 3_600, 86_400 * 365].map((seconds): NamedForgery => [
    `issued in ${seconds} seconds`,
    ({ header, claims }, signAs) => signAs({ header, claims: { ...claims, ...issuedIn(seconds) } }),
  ]),
  ['issued at a time in milliseconds', claiming({ iat: Date.now() })],
  ['with a critical extension', headed({ crit: ['b64'], b64: false })],
  ['with another signature', (token, signAs) => `${signAs(token).slice(0, -4)}AAAA`],
  ['with a signature of zeros', (token, signAs) => resigned(signAs(token), ({ length }) => Buffer.alloc(length))],
  [
    'with a signature that is too short',
    (token, signAs) => resigned(signAs(token), (signature) => signature.subarray(0, -1)),
  ],
  [
    'with a signature that is too long',
    (token, signAs) => resigned(signAs(token), (signature) => Buffer.concat([signature, Buffer.alloc(1)])),
  ],
  ['with a signature in another base64 spelling', (token, signAs) => otherSpelling(signAs(token))],
  ['with its signature padded', (token, signAs) => `${signAs(token)}==`],
  ['without exp', claiming({ exp: undefined })],
  ['with exp as a string', claiming({ exp: String(now + 3_600) })],
  ['with exp null', claiming({ exp: null })],
  ['without iat', claiming({ iat: undefined })],
  ['not valid yet', claiming({ nbf: now + 3_600 })],
  ['with nbf as a string', claiming({ nbf: String(now - 3_600) })],
  ['of another issuer', claiming({ iss: 'another-issuer' })],
  ['without an issuer', claiming({ iss: undefined })],
  ['for another audience', claiming({ aud: 'another-audience' })],
  ['without an audience', claiming({ aud: undefined })],
  ['without a session', claiming({ sid: undefined })],
  ['of a session that does not exist', claiming({ sid: randomUUID() })],
  ['of a session that is not a UUID', claiming({ sid: 'x' })],
  ['of a session that is a list', claiming({ sid: [randomUUID()] })],
  ['without jti', claiming({ jti: undefined })],
  ['without a subject', claiming({ sub: undefined })],
  ['of another subject', claiming({ sub: randomUUID() })],
  ['of a subject that is not a UUID', claiming({ sub: 'x' })],
  ['with claims that are not an object', ({ header }, signAs) => signAs({ header, claims: JSON.parse('[1]') })],
];

/** The same bytes in another spelling: the last letter of the base64 has bits that do not count. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1);
}

export async function expectAccessRefused({ api }: TestApp, token: string, message = 'Invalid token'): Promise<void> {
  const answer = await api.get('/users/me', { token });
  expectFailure(answer, { ...UNAUTHORIZED, message });
  expect(answer.headers.get('www-authenticate')).toBe(REFUSED);
}

export async function expectRefreshRefused(
  { api }: TestApp,
  refreshToken: string,
  message = 'Invalid token',
): Promise<void> {
  const answer = await api.post('/auth/refresh', { refreshToken });
  expectFailure(answer, { ...UNAUTHORIZED, message });
  expect(answer.headers.get('www-authenticate')).toBe(REFUSED);
}
