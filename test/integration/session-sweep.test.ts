import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionSweeper } from '../../src/auth/session-sweeper.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';

const DAY_MS = 86_400_000;

describe('Ended sessions', () => {
  let test: TestApp;
  let ada: Session;
  let prisma: PrismaService;
  beforeAll(async () => {
    test = await startApp({ SESSION_RETENTION: '30d' });
    ada = await register(test.api, newAccount());
    prisma = test.app.get(PrismaService);
  });
  afterAll(() => test.close());

  async function insert(count: number, endedDaysAgo: number, reason: string | null): Promise<void> {
    await prisma.$executeRaw`
      INSERT INTO sessions (id, user_id, expires_at, ends_at, ended_at, ended_reason, token_id, token_issued_at)
      SELECT gen_random_uuid(), ${ada.user.id}::uuid, over, now() + interval '1 day',
        CASE WHEN ${reason}::text IS NULL THEN NULL ELSE over END, ${reason}, gen_random_uuid(), now()
      FROM generate_series(1, ${count}), (SELECT now() - ${endedDaysAgo} * interval '1 day' AS over) AS time`;
  }

  it('are deleted in batches after their retention period, and no other sessions are', async () => {
    await insert(1_200, 31, null);
    await insert(300, 31, 'logout');
    await insert(7, 29, 'logout');
    await insert(5, -1, null);
    expect(await test.app.get(SessionSweeper).sweep()).toBe(1_500);
    expect(await prisma.session.count()).toBe(7 + 5 + 1);
    expect(await test.app.get(SessionSweeper).sweep()).toBe(0);
    expect((await test.api.get('/users/me', { token: ada.token })).status).toBe(200);
  });

  it('keep the reason why they ended until then', async () => {
    const other = await register(test.api, newAccount());
    await test.api.post('/auth/logout', undefined, { token: other.token });
    const [row] = await prisma.session.findMany({ where: { userId: other.user.id } });
    expect(row).toMatchObject({ endedReason: 'logout', endedAt: expect.any(Date) });
    expect(Math.abs(Number(row?.expiresAt) - Date.now())).toBeLessThan(DAY_MS);
  });
});
