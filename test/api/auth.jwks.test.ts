import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose';
import { expectFailure } from '../support/answers.js';
import { login, register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';
import { sendRaw } from '../support/raw-http.js';
import { newEcKey, newRsaKey, pemOf } from '../support/signing-keys.js';
import { createStores, type Stores } from '../support/stores.js';

const PATH = '/.well-known/jwks.json';
const ec = newEcKey();
const rsa = newRsaKey();
const [EC_PRIVATE, EC_PUBLIC] = [pemOf(ec.privateKey), pemOf(ec.publicKey)];
const [RSA_PRIVATE, RSA_PUBLIC] = [pemOf(rsa.privateKey), pemOf(rsa.publicKey)];

async function readKeySet({ api }: TestApp): Promise<JSONWebKeySet> {
  const { status, body } = await api.get(`/${PATH}`);
  expect(status).toBe(200);
  return body;
}

async function takenByTheServer({ api }: TestApp, token: string): Promise<boolean> {
  const { status } = await api.get('/users/me', { token });
  expect([200, 401]).toContain(status);
  return status === 200;
}

/** Whether a service that knows only the URL of the key set accepts the token. */
async function takenByOthers(test: TestApp, token: string): Promise<boolean> {
  const rules = { issuer: 'user-management-api', audience: 'user-management-api', typ: 'at+jwt' };
  const remote = createRemoteJWKSet(new URL(PATH, test.api.origin));
  const local = createLocalJWKSet(await readKeySet(test));
  const takes = (keys: JWTVerifyGetKey) =>
    jwtVerify(token, keys, rules).then(
      () => true,
      () => false,
    );
  const taken = await takes(remote);
  expect(await takes(local)).toBe(taken);
  return taken;
}

describe('the key set', () => {
  describe('of a server with an EC signing key and a previous RSA key', () => {
    let test: TestApp;
    beforeAll(async () => {
      // The previous keys repeat the signing key and the RSA key; the key set must list each key once.
      test = await startApp({
        JWT_PRIVATE_KEY: EC_PRIVATE,
        JWT_PREVIOUS_PUBLIC_KEYS: RSA_PUBLIC + EC_PUBLIC + RSA_PUBLIC,
      });
    });
    afterAll(() => test.close());

    it('is public, has no envelope and may be cached for five minutes', async () => {
      const { headers, body } = await test.api.get(`/${PATH}`);
      expect(Object.keys(body)).toEqual(['keys']);
      expect(headers.get('cache-control')).toBe('public, max-age=300');
    });

    it('lists each key once, the signing key first, with its thumbprint as kid and only its public members', async () => {
      const publicJwks = [ec, rsa].map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
      const [ecJwk, rsaJwk] = publicJwks;
      const [ecKid, rsaKid] = await Promise.all(publicJwks.map((jwk) => calculateJwkThumbprint(jwk)));
      expect(await readKeySet(test)).toEqual({
        keys: [
          { ...ecJwk, use: 'sig', alg: 'ES256', kid: ecKid },
          { ...rsaJwk, use: 'sig', alg: 'RS256', kid: rsaKid },
        ],
      });
    });

    it('answers HEAD, OPTIONS and other methods as every route does', async () => {
      const get = await sendRaw(test.api.origin, { path: PATH });
      const head = await sendRaw(test.api.origin, { method: 'HEAD', path: PATH });
      expect({ status: head.status, length: head.headers['content-length'], text: head.text }).toEqual({
        status: 200,
        length: get.headers['content-length'],
        text: '',
      });
      expect(head.headers['cache-control']).toBe('public, max-age=300');
      const options = await sendRaw(test.api.origin, { method: 'OPTIONS', path: PATH });
      expect({ status: options.status, allow: options.headers.allow }).toEqual({
        status: 204,
        allow: 'GET, HEAD, OPTIONS',
      });
      const answer = await test.api.post(`/${PATH}`, {});
      expectFailure(answer, { status: 405, code: 'METHOD_NOT_ALLOWED' });
      expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    });

    it('refuses a query, and forbids caching the refusal', async () => {
      const answer = await test.api.get(`/${PATH}?kid=x`);
      expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR' });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });

    it('is served at no other path', async () => {
      for (const path of [PATH, '//.well-known', '//jwks.json', `/${PATH}/x`]) {
        expectFailure(await test.api.get(path), { status: 404, code: 'RESOURCE_NOT_FOUND' });
      }
    });
  });

  it('is empty when the secret signs and no other key is configured', async () => {
    const test = await startApp();
    expect(await readKeySet(test)).toEqual({ keys: [] });
    await test.close();
  });

  it('never contains a private key or a secret, whichever key signs', async () => {
    const secrets = [ec, rsa].flatMap(({ privateKey }) => {
      const { d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
      return [d, p, q, dp, dq, qi].filter((member) => member !== undefined);
    });
    expect(secrets).toHaveLength(7);
    for (const env of [
      { JWT_PRIVATE_KEY: EC_PRIVATE, JWT_PREVIOUS_PUBLIC_KEYS: RSA_PUBLIC },
      { JWT_PRIVATE_KEY: RSA_PRIVATE, JWT_PREVIOUS_PUBLIC_KEYS: EC_PUBLIC },
    ]) {
      const test = await startApp(env);
      const { text } = await test.api.get(`/${PATH}`);
      for (const secret of [...secrets, ...Object.values(SECRETS), '"d"', '"k"']) expect(text).not.toContain(secret);
      await test.close();
    }
  });
});

describe('a key rotation', () => {
  const PRODUCTION = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };
  /** The keys that the server is started with at each stage. */
  const STAGES = {
    'the secret signs': {},
    'the EC key is published': { JWT_PREVIOUS_PUBLIC_KEYS: EC_PUBLIC },
    'the EC key signs': { JWT_PRIVATE_KEY: EC_PRIVATE },
    'the secret is gone': { JWT_SECRET: '', JWT_PRIVATE_KEY: EC_PRIVATE },
    'the RSA key is published': { JWT_SECRET: '', JWT_PRIVATE_KEY: EC_PRIVATE, JWT_PREVIOUS_PUBLIC_KEYS: RSA_PUBLIC },
    'the RSA key signs': { JWT_SECRET: '', JWT_PRIVATE_KEY: RSA_PRIVATE, JWT_PREVIOUS_PUBLIC_KEYS: EC_PUBLIC },
    'the EC key is gone': { JWT_SECRET: '', JWT_PRIVATE_KEY: RSA_PRIVATE },
  };
  type Stage = keyof typeof STAGES;
  type Algorithm = 'HS256' | 'ES256' | 'RS256';

  let stores: Stores;
  /** One session for each of the three signing keys, started while that key signed. */
  const sessions = new Map<Algorithm, Session>();
  beforeAll(async () => {
    stores = await createStores();
    const account = newAccount();
    for (const [algorithm, stage] of [
      ['HS256', 'the secret signs'],
      ['ES256', 'the secret is gone'],
      ['RS256', 'the RSA key signs'],
    ] as const) {
      const session = await during(stage, ({ api }) =>
        sessions.size === 0 ? register(api, account) : login(api, account),
      );
      sessions.set(algorithm, session);
    }
  });
  afterAll(() => stores.remove());

  /** Runs a server for one stage only: a folder of embedded stores can be used by one server at a time. */
  async function during<T>(stage: Stage, work: (test: TestApp) => Promise<T>): Promise<T> {
    const test = await startApp({ ...PRODUCTION, ...STAGES[stage] }, stores);
    try {
      return await work(test);
    } finally {
      await test.close();
    }
  }

  it.each<[Stage, { byTheServer: Algorithm[]; byOthers: Algorithm[]; published: Algorithm[] }]>([
    ['the secret signs', { byTheServer: ['HS256'], byOthers: [], published: [] }],
    // So servers before and after the switch to the new key accept each other's tokens.
    ['the EC key is published', { byTheServer: ['HS256', 'ES256'], byOthers: ['ES256'], published: ['ES256'] }],
    ['the EC key signs', { byTheServer: ['HS256', 'ES256'], byOthers: ['ES256'], published: ['ES256'] }],
    ['the secret is gone', { byTheServer: ['ES256'], byOthers: ['ES256'], published: ['ES256'] }],
    [
      'the RSA key is published',
      { byTheServer: ['ES256', 'RS256'], byOthers: ['ES256', 'RS256'], published: ['ES256', 'RS256'] },
    ],
    [
      'the RSA key signs',
      { byTheServer: ['ES256', 'RS256'], byOthers: ['ES256', 'RS256'], published: ['RS256', 'ES256'] },
    ],
    ['the EC key is gone', { byTheServer: ['RS256'], byOthers: ['RS256'], published: ['RS256'] }],
  ])(
    'when %s: the server and other services accept a token only if they hold the key it needs',
    async (stage, expected) => {
      await during(stage, async (test) => {
        const byTheServer: Algorithm[] = [];
        const byOthers: Algorithm[] = [];
        for (const [algorithm, { token }] of sessions) {
          if (await takenByTheServer(test, token)) byTheServer.push(algorithm);
          if (await takenByOthers(test, token)) byOthers.push(algorithm);
        }
        const published = (await readKeySet(test)).keys.map(({ alg }) => alg);
        expect({ byTheServer, byOthers, published }).toEqual(expected);
      });
    },
  );

  it('ends no session: earlier refresh tokens yield access tokens signed with the new key', async () => {
    await during('the EC key is gone', async (test) => {
      for (const { refreshToken } of sessions.values()) {
        const { body } = await test.api.post('/auth/refresh', { refreshToken });
        expect(await takenByTheServer(test, body.data.accessToken)).toBe(true);
        expect(await takenByOthers(test, body.data.accessToken)).toBe(true);
      }
    });
  });
});
