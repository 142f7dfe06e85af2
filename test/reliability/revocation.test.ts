import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register } from '../support/app.js';
import type { ApiAnswer, ApiClient } from '../support/client.js';
import { type Account, newAccount, PASSWORD, type Session } from '../support/factories.js';
import { type Instances, startInstances } from '../support/instances.js';
import { inParallel } from '../support/parallel.js';
import { decodeToken } from '../support/tokens.js';

/** `npm run drill:sessions` runs the full number. */
const TRIALS = Number(process.env['REVOCATION_TRIALS'] ?? 5);
const AT_ONCE = 4;
/** What the contract allows, in milliseconds from the acknowledgement on. */
const LIMIT_MS = 1_000;
const POLL_MS = 5;

interface Trial {
  readonly instances: Instances;
  readonly account: Account;
  /** The session that is to end. */
  readonly victim: Session;
  readonly admin: Session;
}

const read = (api: ApiClient, { token }: Session) => api.get('/users/me', { token });

type Cause = (trial: Trial) => Promise<ApiAnswer>;

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
  deletion: (trial) => here(trial).delete(`/users/${trial.victim.user.id}`, { token: trial.admin.token }),
};

describe('A session that ends on one instance', () => {
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
  async function measure(cause: Cause): Promise<number> {
    const [near, far] = instances.all;
    const account = newAccount();
    const victim = await register(near.api, account);
    for (const { api } of instances.all) expect((await read(api, victim)).status).toBe(200);
    const { status } = await cause({ instances, account, victim, admin });
    const acknowledged = performance.now();
    expect(status).toBeLessThan(300);
    // Where it was acknowledged, at once.
    expect((await read(near.api, victim)).status).toBe(401);
    for (;;) {
      const { status: seen } = await read(far.api, victim);
      const elapsed = performance.now() - acknowledged;
      if (seen === 401) return elapsed;
      expect(seen).toBe(200);
      if (elapsed > 5 * LIMIT_MS) return elapsed;
      await sleep(POLL_MS);
    }
  }

  async function expectAllInTime(name: string, cause: Cause): Promise<void> {
    let max = 0;
    for (let done = 0; done < TRIALS; done += AT_ONCE) {
      const times = await inParallel(Math.min(AT_ONCE, TRIALS - done), () => measure(cause));
      max = Math.max(max, ...times);
    }
    slowest[name] = max;
    expect(max).toBeLessThan(LIMIT_MS);
  }

  const timeout = 60_000 + TRIALS * 1_000;

  it.each(Object.entries(CAUSES))(
    'by %s is refused by the other within a second',
    (name, cause) => expectAllInTime(name, cause),
    timeout,
  );

  describe('with Redis stopped', () => {
    beforeAll(() => instances.stopRedis());
    afterAll(() => instances.startRedis());

    it.each(Object.entries(CAUSES))(
      'by %s is refused by the other within a second',
      (name, cause) => expectAllInTime(`${name}, Redis stopped`, cause),
      timeout,
    );
  });
});
