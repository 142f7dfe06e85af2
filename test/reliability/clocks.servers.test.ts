import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { newAccount, PASSWORD, type Session } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

const MINUTE_MS = 60_000;
const LIFETIME_MS = 60 * MINUTE_MS;
const MAX_AGE_MS = 24 * 60 * MINUTE_MS;
const LIFETIMES = { JWT_EXPIRES_IN: '1h', JWT_REFRESH_EXPIRES_IN: '1h', SESSION_MAX_AGE: '24h' };
const SKEWS = { 'two hours slow': -120 * MINUTE_MS, 'half an hour fast': 30 * MINUTE_MS };
type Skew = keyof typeof SKEWS;

/** On servers alone: an embedded database has the clock of its process. */
describe('Beside an instance whose clock is right, one whose clock is', () => {
  let stores: Stores;
  let right: TestApp;
  let prisma: PrismaService;
  let wrong: Record<Skew, SpawnedApp>;
  beforeAll(async () => {
    stores = await createStores();
    right = await startApp(LIFETIMES, stores);
    prisma = right.app.get(PrismaService);
    const start = (skew: Skew) => {
      const clock = new URL(`../support/wrong-clock.mjs?ms=${SKEWS[skew]}`, import.meta.url);
      return spawnApp({ ...stores.env, ...SECRETS, ...LIFETIMES, NODE_OPTIONS: `--import=${clock.href}` });
    };
    wrong = {
      'two hours slow': await start('two hours slow'),
      'half an hour fast': await start('half an hour fast'),
    };
  });
  afterAll(async () => {
    await killPrograms();
    await right.close();
    await stores.remove();
  });

  const now = async () => {
    const [{ time }] = await prisma.$queryRaw<[{ time: Date }]>`SELECT clock_timestamp()::timestamptz(3) AS time`;
    return time.getTime();
  };
  const logIn = async (skew: Skew, { user }: Session) => {
    const { status, body } = await wrong[skew].api.post('/auth/login', { email: user.email, password: PASSWORD });
    expect(status).toBe(200);
    return body.data;
  };
  const timesOf = async (id: string) => prisma.session.findUniqueOrThrow({ where: { id } });

  describe.each(Object.keys(SKEWS) as Skew[])('%s', (skew) => {
    it('begins sessions now, for as long as any other', async () => {
      const ada = await register(right.api, newAccount());
      const before = await now();
      const { sessionId, expiresIn, refreshExpiresIn } = await logIn(skew, ada);
      const after = await now();
      expect([expiresIn, refreshExpiresIn]).toEqual([LIFETIME_MS / 1_000, LIFETIME_MS / 1_000]);
      const { createdAt, lastUsedAt, tokenIssuedAt, expiresAt, endsAt } = await timesOf(sessionId);
      const begun = [createdAt, lastUsedAt, tokenIssuedAt].map((time) => time.getTime());
      for (const time of [...begun, expiresAt.getTime() - LIFETIME_MS, endsAt.getTime() - MAX_AGE_MS]) {
        expect(time).toBeGreaterThanOrEqual(before);
        expect(time).toBeLessThanOrEqual(after);
      }
    });

    it('gives tokens that are good everywhere else', async () => {
      const { accessToken, refreshToken } = await logIn(skew, await register(right.api, newAccount()));
      expect((await right.api.get('/users/me', { token: accessToken })).status).toBe(200);
      expect((await right.api.post('/auth/refresh', { refreshToken })).status).toBe(200);
    });
  });

  describe('half an hour fast', () => {
    it('exchanges a refresh token for a pair that lives as long as any other', async () => {
      const { refreshToken } = await register(right.api, newAccount());
      const { body } = await wrong['half an hour fast'].api.post('/auth/refresh', { refreshToken });
      expect(body.data).toMatchObject({ expiresIn: LIFETIME_MS / 1_000, refreshExpiresIn: LIFETIME_MS / 1_000 });
    });

    it.each<[string, (other: string) => string]>([
      ['one session', (other) => `/users/me/sessions/${other}`],
      ['all other sessions', () => '/users/me/sessions'],
    ])('ends a session that has five minutes left, and ends it now: %s', async (_, path) => {
      const ada = await register(right.api, newAccount());
      const { sessionId } = await logIn('two hours slow', ada);
      const expiresAt = new Date((await now()) + 5 * MINUTE_MS);
      await prisma.session.update({ where: { id: sessionId }, data: { expiresAt } });
      const { status } = await wrong['half an hour fast'].api.delete(path(sessionId), { token: ada.token });
      expect(status).toBe(204);
      const ended = await timesOf(sessionId);
      expect(ended.endedReason).toBe('revoked');
      expect(ended.endedAt?.getTime()).toBeLessThanOrEqual(await now());
      expect(ended.expiresAt).toEqual(ended.endedAt);
    });

    it('logs out now', async () => {
      const { token, user } = await register(right.api, newAccount());
      expect((await wrong['half an hour fast'].api.post('/auth/logout', undefined, { token })).status).toBe(204);
      const ended = await prisma.session.findFirstOrThrow({ where: { userId: user.id } });
      expect(ended.endedAt?.getTime()).toBeLessThanOrEqual(await now());
    });
  });
});
