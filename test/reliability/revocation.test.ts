import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register } from '../support/app.js';
import type { ApiAnswer, ApiClient } from '../support/client.js';
import { type Account, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { inParallel } from '../support/parallel.js';
import { decodeToken } from '../support/tokens.js';
import { waitUntil } from '../support/wait.js';

/** `npm run drill:sessions` runs more trials. */
const TRIALS = Number(process.env['REVOCATION_TRIALS'] ?? 5);
const AT_ONCE = 4;
/** The limit of the contract (ms), counted from the acknowledgement. */
const LIMIT_MS = 1_000;
const POLL_MS = 5;

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

describe('A change on one instance', () => {
  let instances: Instances;
  let admin: Session;
  const slowest: Record<string, number> = {};
  beforeAll(async () => {
    instances = await startInstances();
    admin = await instances.all[0].admin();
  });
  afterAll(async () => {
    await instances.close();
    const lines = Object.entries(slowest).map(([name, ms]) => `  ${name}: ${ms.toFixed(0)} ms`);
    process.stderr.write(`The slowest refusal of ${TRIALS} after the acknowledgement\n${lines.join('\n')}\n`);
  });

  /** @returns milliseconds from the acknowledgement until the other instance refuses */
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
    const { status } = await cause({ instances, account, victim, admin });
    const acknowledged = performance.now();
    expect(status).toBeLessThan(300);
    // The instance that acknowledged the change applies it at once.
    expect((await read(near.api, victim)).status).toBe(refusal);
    for (;;) {
      const { status: seen } = await read(far.api, victim);
      const elapsed = performance.now() - acknowledged;
      if (seen === refusal) return elapsed;
      expect(seen).toBe(200);
      if (elapsed > 5 * LIMIT_MS) return elapsed;
      await sleep(POLL_MS);
    }
  }

  async function expectAllInTime(name: string, cause: Cause, probe: Probe): Promise<void> {
    let max = 0;
    for (let done = 0; done < TRIALS; done += AT_ONCE) {
      const times = await inParallel(Math.min(AT_ONCE, TRIALS - done), () => measure(cause, probe));
      max = Math.max(max, ...times);
    }
    slowest[name] = max;
    expect(max).toBeLessThan(LIMIT_MS);
  }

  const timeout = 60_000 + TRIALS * 1_000;

  describe.each([
    ['', async () => undefined],
    [', Redis stopped', () => instances.stopRedis()],
  ])('%s', (circumstance, arrange) => {
    beforeAll(arrange);
    afterAll(() => instances.startRedis());

    it.each(Object.entries(CAUSES))(
      `ends the session on the other within a second: %s${circumstance}`,
      (name, cause) => expectAllInTime(`${name}${circumstance}`, cause, DEATH),
      timeout,
    );

    it.each(Object.entries(LOSSES))(
      `removes the permission on the other within a second: %s${circumstance}`,
      (name, cause) => expectAllInTime(`${name}${circumstance}`, cause, LOSS),
      timeout,
    );
  });
});
