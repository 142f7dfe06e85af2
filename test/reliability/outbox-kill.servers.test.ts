import process from 'node:process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { buildWith } from '../support/extension-project.js';
import { ADMIN, newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { Random } from '../support/random.js';
import { createStores, type Stores } from '../support/stores.js';
import { eventually } from '../support/wait.js';

const KILLS = Number(process.env['OUTBOX_KILLS'] ?? 2);
const REGISTRATIONS = KILLS * 10;
const JOB_SECONDS = Number(process.env['JOB_SECONDS'] ?? 6);
const CLIENTS = 4;
const SEED = 20_261_127;
/** How long (ms) a job whose instance was killed stays with it: see jobs.repository.ts. */
const LEASE_MS = 15_000;

/** Notes what is delivered to it and when its job runs. */
const LEDGER = `
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { defineExtension, DomainError, EventBus, PrismaService, UserCreated } from '#core';

class Vetoed extends DomainError.of('VETOED', 409) {}

@Injectable()
class Ledger implements OnModuleInit {
  constructor(private readonly events: EventBus, private readonly prisma: PrismaService) {}

  onModuleInit(): void {
    this.events.withinTransaction(UserCreated, async ({ user }) => {
      if (user.username.startsWith('veto')) throw new Vetoed();
    });
    this.events.delivered(UserCreated, 'ledger.note', async ({ user }) => {
      await this.prisma.$executeRaw\`INSERT INTO ledger_notes (user_id) VALUES (\${user.id}::uuid)\`;
    });
    this.events.delivered(UserCreated, 'ledger.failing', async () => {
      throw new Error('Always');
    });
  }
}

@Injectable()
class Tick {
  constructor(private readonly prisma: PrismaService) {}

  async run(): Promise<void> {
    const [{ id }] = await this.prisma.$queryRaw<[{ id: number }]>\`INSERT INTO ledger_runs DEFAULT VALUES RETURNING id\`;
    await sleep(200);
    await this.prisma.$executeRaw\`UPDATE ledger_runs SET ended_at = clock_timestamp() WHERE id = \${id}\`;
  }
}

@Module({ providers: [Ledger] })
class LedgerModule {}

export default defineExtension({
  name: 'ledger',
  api: '^1.0.0',
  module: LedgerModule,
  jobs: { tick: { every: '1s', run: Tick } },
});
`;

describe('Two instances with an extension', () => {
  let program: string;
  let stores: Stores;
  let env: Record<string, string>;
  beforeAll(async () => {
    program = join(await buildWith('ledger', LEDGER), 'dist', 'main.js');
  }, 120_000);
  beforeEach(async () => {
    stores = await createStores();
    env = {
      ...stores.env,
      ...SECRETS,
      LOG_LEVEL: 'fatal',
      OUTBOX_MAX_ATTEMPTS: '1',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
    };
    await onDatabase(stores, async (client) => {
      await client.query(`
        CREATE TABLE ledger_notes (user_id uuid NOT NULL);
        CREATE TABLE ledger_runs (
          id serial PRIMARY KEY, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz)`);
    });
  });
  afterEach(async () => {
    await killPrograms();
    await stores.remove();
  });
  afterAll(killPrograms);

  it(
    `deliver each committed event at least once over ${KILLS} kills, and none of a change that was rolled back`,
    async () => {
      const random = new Random(SEED);
      const apps: SpawnedApp[] = [await spawnApp(env, program), await spawnApp(env, program)];
      const registered = new Set<string>();
      let sent = 0;
      const registering = inParallel(CLIENTS, async () => {
        while (sent < REGISTRATIONS) {
          sent += 1;
          const vetoed = random.below(10) === 0;
          const account = newAccount(vetoed ? { username: `veto${sent}x${Date.now().toString(36)}` } : {});
          const app = apps[random.below(2)] as SpawnedApp;
          const answer = await app.api.post('/users', account).catch(() => undefined);
          expect([undefined, 201, 409]).toContain(answer?.status);
          if (answer?.status === 201) registered.add(answer.body.data.user.id);
          if (answer === undefined) await sleep(50);
        }
      });
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(50 + random.below(450));
        const victim = random.below(2);
        await apps[victim]?.stop('SIGKILL');
        apps[victim] = await spawnApp(env, program);
      }
      await registering;
      await onDatabase(stores, async (client) => {
        await eventually(async () => {
          const { rows } = await client.query(
            'SELECT count(*)::int AS waiting FROM outbox_messages WHERE failed_at IS NULL',
          );
          expect(rows).toEqual([{ waiting: 0 }]);
        }, 60_000);
        const { rows: notes } = await client.query<{ id: string }>('SELECT DISTINCT user_id AS id FROM ledger_notes');
        const { rows: users } = await client.query<{ id: string; username: string }>('SELECT id, username FROM users');
        const noted = new Set(notes.map(({ id }) => id));
        // Also those whose answer was lost; the admin was created by an instance with the extension too.
        expect([...noted].toSorted()).toEqual(users.map(({ id }) => id).toSorted());
        expect([...registered].filter((id) => !noted.has(id))).toEqual([]);
        expect(users.filter(({ username }) => username.startsWith('veto'))).toEqual([]);
        const { rows: failed } = await client.query('SELECT DISTINCT handler FROM outbox_messages');
        expect(failed).toEqual([{ handler: 'ledger.failing' }]);
        process.stderr.write(`${users.length} users, all delivered, over ${KILLS} kills, seed ${SEED}\n`);
      });
    },
    120_000 + KILLS * 10_000,
  );

  it(
    `run a job every second for ${JOB_SECONDS} s, with one killed in the middle: never two at once, none missed`,
    async () => {
      const apps = [await spawnApp(env, program), await spawnApp(env, program)];
      await sleep((JOB_SECONDS * 1_000) / 2);
      await apps[0]?.stop('SIGKILL');
      // In a short trial, too short for the lease of a run that was cut.
      await sleep((JOB_SECONDS * 1_000) / 2 + (JOB_SECONDS > 10 ? LEASE_MS : 0));
      await apps[1]?.stop();
      const runs = await onDatabase(stores, async (client) => {
        const { rows } = await client.query<{ started_at: Date; ended_at: Date | null }>(
          'SELECT started_at, ended_at FROM ledger_runs ORDER BY started_at',
        );
        return rows;
      });
      expect(runs.length).toBeGreaterThan(JOB_SECONDS > 10 ? JOB_SECONDS / 2 : 1);
      const gaps = runs.slice(1).map(({ started_at }, index) => {
        const before = runs[index];
        // A run that was cut short has no end: the next one waits for the end of its lease.
        const overlaps = before?.ended_at != null && started_at < before.ended_at;
        return {
          overlaps,
          ms: started_at.getTime() - (before?.started_at.getTime() ?? 0),
          cut: before?.ended_at == null,
        };
      });
      expect(gaps.filter(({ overlaps }) => overlaps)).toEqual([]);
      for (const { ms, cut } of gaps) expect(ms).toBeLessThan(cut ? LEASE_MS + 5_000 : 5_000);
      process.stderr.write(`${runs.length} runs, longest gap ${Math.max(...gaps.map(({ ms }) => ms))} ms\n`);
    },
    120_000 + JOB_SECONDS * 1_000,
  );
});
