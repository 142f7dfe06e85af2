import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { PasswordResetsService } from '../../src/users/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Account, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { GUESS, GUESS_LIMITS, lockOut, loginFrom, newAddress, registered } from '../support/guesses.js';
import { inParallel } from '../support/parallel.js';
import { decodeToken } from '../support/tokens.js';

const MAX_DEVICES = 10;

let test: TestApp;
let admin: Session;
let account: Account & { readonly id: string };
beforeAll(async () => {
  test = await startApp(GUESS_LIMITS);
  admin = await test.admin();
});
beforeEach(async () => {
  account = await registered(test);
});
afterAll(() => test.close());

/** Logs in, from a new device or from the one whose token is given, and returns the device's token. */
async function loggedIn(device?: string, { email, password }: Account = account): Promise<string> {
  const headers: Record<string, string> = device === undefined ? {} : { 'x-device-token': device };
  const answer = await loginFrom(test, newAddress(), { email, password }, headers);
  expect(answer.status).toBe(200);
  return answer.headers.get('x-device-token') ?? '';
}

/** Whether guesses with this token have a count of their own. */
async function counts(device: string, { email }: Account = account): Promise<boolean> {
  const address = newAddress();
  await lockOut(test, address, { email });
  const guess = { email, password: GUESS };
  const { status } = await loginFrom(test, address, guess, { 'x-device-token': device });
  expect([401, 429]).toContain(status);
  return status === 401;
}

const idOf = (device: string) => decodeToken(device).claims['jti'];
const asAdmin = (method: string, path: string) =>
  test.api.send(method, `/users/${account.id}${path}`, { token: admin.token });

describe('The devices of an account', () => {
  it('are at most ten: a login from one more ends the one unused for longest', async () => {
    const [first, second] = [await loggedIn(), await loggedIn()];
    for (let n = 2; n < MAX_DEVICES; n += 1) await loggedIn();
    expect(await counts(first)).toBe(true);
    expect(idOf(await loggedIn(first))).toBe(idOf(first));
    const last = await loggedIn();
    expect([await counts(first), await counts(second), await counts(last)]).toEqual([true, false, true]);
  });

  it('are at most ten when logins come at once, and no other account loses one', async () => {
    const other = await registered(test);
    const kept = await loggedIn(undefined, other);
    await inParallel(MAX_DEVICES + 4, () => loggedIn());
    expect(await test.app.get(PrismaService).device.count({ where: { userId: account.id } })).toBe(MAX_DEVICES);
    expect(await counts(kept, other)).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'a change of password',
      async () => {
        const { body } = await loginFrom(test, newAddress(), { email: account.email, password: PASSWORD });
        const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
        return test.api.put('/users/me/password', passwords, { token: body.data.accessToken });
      },
    ],
    [
      'a reset with a token',
      async () => {
        const { body } = await asAdmin('POST', '/password-reset');
        const { resetToken } = body.data;
        return test.api.post('/auth/reset-password', { resetToken, newPassword: OTHER_PASSWORD });
      },
    ],
    [
      "a reset by the operator's command",
      () => test.app.get(PasswordResetsService).force({ email: account.email }, OTHER_PASSWORD),
    ],
    [
      'a deletion and a restoration',
      async () => {
        await asAdmin('DELETE', '');
        return asAdmin('POST', '/restore');
      },
    ],
  ])('all end with %s', async (_, change) => {
    const devices = [await loggedIn(), await loggedIn()];
    await change();
    for (const device of devices) expect(await counts(device)).toBe(false);
  });

  it('do not come back: a login with the token of one that has ended gets another', async () => {
    const old = await loggedIn();
    await test.app.get(PasswordResetsService).force({ email: account.email }, OTHER_PASSWORD);
    const renewed = await loggedIn(old, { ...account, password: OTHER_PASSWORD });
    expect(idOf(renewed)).not.toBe(idOf(old));
    expect([await counts(old), await counts(renewed)]).toEqual([false, true]);
  });
});

describe('The cookie of a device in production', () => {
  it('is read under the name that no other host can set, and under no other', async () => {
    const production = await startApp({
      ...GUESS_LIMITS,
      NODE_ENV: 'production',
      ARGON2_MEMORY_KIB: '19456',
      ARGON2_TIME_COST: '2',
    });
    try {
      const { email } = await registered(production);
      const address = newAddress();
      const right = { email, password: PASSWORD };
      const { headers } = await loginFrom(production, newAddress(), right);
      const device = headers.get('x-device-token') ?? '';
      await lockOut(production, address, { email });
      const statuses = [];
      for (const cookie of [
        `device=${device}`,
        `x__Host-device=${device}`,
        `__Host-device=a.b.c; device=${device}`,
        `device=x; device=y; device=z; __Host-device=${device}`,
      ]) {
        statuses.push((await loginFrom(production, address, right, { cookie })).status);
      }
      expect(statuses).toEqual([429, 429, 429, 200]);
    } finally {
      await production.close();
    }
  });
});
