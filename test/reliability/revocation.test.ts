import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register } from '../support/app.js';
import type { ApiAnswer, ApiClient } from '../support/client.js';
import { type Account, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { RedisServer } from '../support/redis-server.js';
import { onServers } from '../support/stores.js';
import { decodeToken } from '../support/tokens.js';
import { waitUntil } from '../support/wait.js';

/** How often each cause of a revocation is tried in each situation; `npm run drill -- sessions` tries each 100 times. */
const TRIALS = Number(process.env['REVOCATION_TRIALS'] ?? 1);
/** The promised limit (ms), counted from the acknowledgement. */
const LIMIT_MS = 1_000;
const POLL_MS = 20;

interface Trial {
  readonly instances: Instances;
  readonly account: Account;
  /** The session that is to end. */
  readonly victim: Session;
  readonly admin: Session;
}

type Cause = (trial: Trial) => Promise<ApiAnswer>;

/** A request that shows whether an instance knows of the change. */
interface Probe {
  readonly path: string;
  readonly refusal: 401 | 403;
  readonly prepare?: (trial: Trial) => Promise<void>;
}

const here = ({ instances }: Trial) => instances.all[0].api;

const CAUSES: Readonly<Record<string, Cause>> = {
  logout: (trial) => here(trial).post('/auth/logout', undefined, { token: trial.victim.token }),
  'the end of one session': (trial) => {
    const id = String(decodeToken(trial.victim.token).claims['sid']);
    return here(trial).delete(`/users/me/sessions/${id}`, { token: trial.victim.token });
  },
  'the end of all other sessions': async (trial) => {
    const { token } = await login(here(trial), trial.account);
    return here(trial).delete('/users/me/sessions', { token });
  },
  'a password change': async (trial) => {
    const { token } = await login(here(trial), trial.account);
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD}2` };
    return here(trial).put('/users/me/password', body, { token });
  },
  suspension: (trial) =>
    here(trial).put(`/users/${trial.victim.user.id}/status`, { status: 'suspended' }, { token: trial.admin.token }),
  'a password reset': async (trial) => {
    const path = `/users/${trial.victim.user.id}/password-reset`;
    const { body } = await here(trial).post(path, undefined, { token: trial.admin.token });
    const { resetToken } = body.data;
    return here(trial).post('/auth/reset-password', { resetToken, newPassword: `${PASSWORD}2` });
  },
  deletion: (trial) => here(trial).delete(`/users/${trial.victim.user.id}`, { token: trial.admin.token }),
};

/** Changes that take a permission from a user whose session stays active. */
const LOSSES: Readonly<Record<string, Cause>> = {
  'a change of the user’s roles': (trial) =>
    here(trial).put(`/users/${trial.victim.user.id}/roles`, { roles: [] }, { token: trial.admin.token }),
  'a change of the role’s permissions': (trial) =>
    here(trial).patch(`/roles/${roleOf(trial.account)}`, { permissions: [] }, { token: trial.admin.token }),
};

const DEATH: Probe = { path: '/users/me', refusal: 401 };

const LOSS: Probe = {
  path: '/users?limit=1',
  refusal: 403,
  prepare: async (trial) => {
    const { token } = trial.admin;
    const role = { name: roleOf(trial.account), permissions: ['users:read'] };
    expect((await here(trial).post('/roles', role, { token })).status).toBe(201);
    const body = { roles: [role.name] };
    expect((await here(trial).put(`/users/${trial.victim.user.id}/roles`, body, { token })).status).toBe(200);
  },
};

const roleOf = ({ username }: Account) => `reads-${username.toLowerCase()}`;

const TRIED: readonly [name: string, Cause, Probe][] = [
  ...Object.entries(CAUSES).map(([name, cause]): [string, Cause, Probe] => [name, cause, DEATH]),
  ...Object.entries(LOSSES).map(([name, cause]): [string, Cause, Probe] => [name, cause, LOSS]),
];

type Arrange = (instances: Instances, server: RedisServer) => Promise<unknown> | void;

/** What is wrong with Redis. The first instance makes the change, the other one has to notice. */
const SITUATIONS: readonly (readonly [string, Arrange])[] = [
  ['with Redis', () => undefined],
  ['without Redis', ({ redis }) => Promise.all(redis.map((proxy) => proxy.cut()))],
  ['with a read-only Redis', (_, server) => server.refuseWrites()],
  ['with a Redis that refuses deletions', (_, server) => server.refuseDeletions()],
  ['with deletions dropped on their way', ({ redis }) => redis[0]?.drop('\r\ndel\r\n')],
  ['while the instance that makes it is cut off from Redis', ({ redis }) => redis[0]?.cut()],
  ['while the other instance is cut off from Redis', ({ redis }) => redis[1]?.cut()],
];

/** Sends requests one after the other until one is refused. @returns when the last accepted one was sent */
async function lastAccepted(read: () => Promise<ApiAnswer>, refusal: number): Promise<number> {
  const end = performance.now() + 20 * LIMIT_MS;
  let last = 0;
  while (last < end) {
    const sent = performance.now();
    const { status } = await read();
    if (status === refusal) break;
    // A deleted user's profile may be gone before the session is.
    expect([200, 404]).toContain(status);
    last = sent;
    await sleep(POLL_MS);
  }
  return last;
}

describe('A revocation on one instance', () => {
  let server: RedisServer | undefined;
  let instances: Instances;
  let admin: Session;
  const slowest: Record<string, number> = {};
  beforeAll(async () => {
    server = onServers ? await RedisServer.start() : undefined;
    instances = await startInstances({}, server?.url);
    admin = await instances.all[0].admin();
  });
  afterEach(async () => {
    for (const proxy of instances.redis) proxy.drop(undefined);
    await Promise.all([server?.allowEverything(), ...instances.redis.map((proxy) => proxy.restore())]);
    await waitUntil('both use Redis again', async () => {
      const healths = await Promise.all(instances.all.map(({ api }) => api.get('/health')));
      return healths.every(({ body }) => body.status === 'healthy');
    });
  });
  afterAll(async () => {
    await instances.close();
    await server?.stop();
    const lines = Object.entries(slowest).map(([situation, ms]) => `  ${situation}: ${ms.toFixed(0)} ms`);
    const trials = `${TRIED.length} × ${TRIALS} revocations`;
    process.stderr.write(`${trials}: the last request that the other instance accepted\n${lines.join('\n')}\n`);
  });

  /** @returns how long (ms) after the acknowledgement the other instance accepted a request that was sent then */
  async function measure(cause: Cause, { path, refusal, prepare }: Probe): Promise<number> {
    const [near, far] = instances.all;
    const read = (api: ApiClient, { token }: Session) => api.get(path, { token });
    const account = newAccount();
    const victim = await register(near.api, account);
    await prepare?.({ instances, account, victim, admin });
    // The session and its permission, which are new, have to reach both instances first.
    for (const { api } of instances.all) {
      await waitUntil(
        'both instances accept the session',
        async () => (await read(api, victim)).status === 200,
        LIMIT_MS,
      );
    }
    const change = async () => {
      const { status } = await cause({ instances, account, victim, admin });
      const acknowledged = performance.now();
      expect(status).toBeLessThan(300);
      expect((await read(near.api, victim)).status).toBe(refusal);
      return acknowledged;
    };
    // Reads from the other instance all the time, so that its cached copy is as fresh as can be and expires last.
    const [last, acknowledged] = await Promise.all([lastAccepted(() => read(far.api, victim), refusal), change()]);
    return Math.max(0, last - acknowledged);
  }

  it.each(onServers ? SITUATIONS : SITUATIONS.slice(0, 1))(
    'is noticed by the other within a second, %s',
    async (situation, arrange) => {
      if (server !== undefined) await arrange(instances, server);
      const late: string[] = [];
      let max = 0;
      for (let trial = 0; trial < TRIALS; trial += 1) {
        const times = await Promise.all(TRIED.map(([, cause, probe]) => measure(cause, probe)));
        for (const [index, [name]] of TRIED.entries()) {
          const time = times[index] ?? 0;
          max = Math.max(max, time);
          if (time >= LIMIT_MS) late.push(`${name}: ${time.toFixed(0)} ms`);
        }
      }
      slowest[situation] = max;
      expect(late).toEqual([]);
    },
    60_000 + TRIALS * 10_000,
  );
});
