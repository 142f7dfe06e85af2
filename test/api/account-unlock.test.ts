import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PasswordResetsService } from '../../src/users/index.js';
import { setStatus, verifyEmail } from '../support/accounts.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Account, OTHER_PASSWORD, PASSWORD, type Session } from '../support/factories.js';
import { GUESS, GUESS_LIMITS, lockOut, loginFrom, newAddress, PAIR_MAX, registered } from '../support/guesses.js';

const ADDRESS_MAX = 12;
const NAME_MAX = 8;

let test: TestApp;
let admin: Session;
let account: Account & { readonly id: string };
let address: string;
beforeAll(async () => {
  test = await startApp({
    ...GUESS_LIMITS,
    AUTH_RATE_LIMIT_IP_MAX: String(ADDRESS_MAX),
    AUTH_RATE_LIMIT_ACCOUNT_MAX: String(NAME_MAX),
  });
  admin = await test.admin();
});
beforeEach(async () => {
  account = await registered(test);
  address = newAddress();
});
afterAll(() => test.close());

const administer = (method: string, path: string, body?: unknown) =>
  test.api.send(method, `/users/${account.id}${path}`, { token: admin.token, body });

async function reset(newPassword: string): Promise<void> {
  const { body } = await administer('POST', '/password-reset');
  const answer = await test.api.post('/auth/reset-password', { resetToken: body.data.resetToken, newPassword });
  expect(answer.status).toBe(200);
}

async function statuses(password = PASSWORD): Promise<number[]> {
  const { email, username } = account;
  const logins = [{ email }, { username }];
  const answers = [];
  for (const name of logins) answers.push((await loginFrom(test, address, { ...name, password })).status);
  return answers;
}

const UNLOCKS: [string, string, () => Promise<unknown>][] = [
  ['a reset with a token', OTHER_PASSWORD, () => reset(OTHER_PASSWORD)],
  ['a reset token that an administrator issues', PASSWORD, () => administer('POST', '/password-reset')],
  [
    "a reset by the operator's command",
    OTHER_PASSWORD,
    () => test.app.get(PasswordResetsService).force({ username: account.username }, OTHER_PASSWORD),
  ],
  [
    'a suspension and a return to active',
    PASSWORD,
    async () => {
      await setStatus(test, account.id, 'suspended');
      await setStatus(test, account.id, 'active');
    },
  ],
  [
    'a return from inactive to active',
    PASSWORD,
    async () => {
      await setStatus(test, account.id, 'inactive');
      await setStatus(test, account.id, 'active');
    },
  ],
  [
    'a deletion and a restoration',
    PASSWORD,
    async () => {
      await administer('DELETE', '');
      await administer('POST', '/restore');
    },
  ],
];

describe('An account that wrong passwords have locked', () => {
  it.each(UNLOCKS)('is unlocked under its email and its username by %s', async (_, password, unlock) => {
    for (const name of [{ email: account.email }, { username: account.username }]) await lockOut(test, address, name);
    expect(await statuses()).toEqual([429, 429]);
    await unlock();
    expect(await statuses(password)).toEqual([200, 200]);
    await lockOut(test, address, { email: account.email });
  });

  it('is unlocked for guesses from all addresses together', async () => {
    const right = { email: account.email, password: PASSWORD };
    const guess = { email: account.email, password: GUESS };
    for (let n = 0; n < NAME_MAX; n += 1) await loginFrom(test, newAddress(), guess);
    expect((await loginFrom(test, newAddress(), right)).status).toBe(429);
    await administer('POST', '/password-reset');
    expect((await loginFrom(test, newAddress(), right)).status).toBe(200);
  });

  it('can use its current password again, and log in again on its own device', async () => {
    const { body, headers } = await loginFrom(test, newAddress(), { email: account.email, password: PASSWORD });
    const device = { 'x-device-token': headers.get('x-device-token') ?? '' };
    const request = { token: body.data.accessToken, headers: { 'x-forwarded-for': address } };
    const change = (currentPassword: string) =>
      test.api.put('/users/me/password', { currentPassword, newPassword: 'Another-sound-9-word!' }, request);
    const guess = { email: account.email, password: GUESS };
    for (let n = 0; n < PAIR_MAX; n += 1) {
      expect((await change(OTHER_PASSWORD)).status).toBe(401);
      await loginFrom(test, newAddress(), guess, device);
    }
    expect((await change(PASSWORD)).status).toBe(429);
    const right = { email: account.email, password: PASSWORD };
    expect((await loginFrom(test, address, right, device)).status).toBe(429);
    await administer('POST', '/password-reset');
    expect((await loginFrom(test, address, right, device)).status).toBe(200);
    expect((await change(PASSWORD)).status).toBe(200);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the same status again', () => setStatus(test, account.id, 'active')],
    ['a verified email', () => verifyEmail(test, account.id)],
    ['a new profile', () => administer('PATCH', '', { bio: 'Locked' })],
    [
      'a reset token that is refused',
      () => test.api.post('/auth/reset-password', { resetToken: 'x', newPassword: PASSWORD }),
    ],
  ])('stays locked after %s', async (_, change) => {
    await lockOut(test, address, { email: account.email });
    await change();
    expect((await statuses())[0]).toBe(429);
  });

  it('is unlocked alone: other accounts and a full address stay as they are', async () => {
    const other = await registered(test);
    await lockOut(test, address, { email: other.email });
    await reset(OTHER_PASSWORD);
    const right = { email: other.email, password: PASSWORD };
    expect((await loginFrom(test, address, right)).status).toBe(429);
    const crowded = newAddress();
    for (let n = 0; n < ADDRESS_MAX; n += 1) {
      await loginFrom(test, crowded, { email: `n${n}@example.com`, password: OTHER_PASSWORD });
    }
    await reset(PASSWORD);
    expect((await loginFrom(test, crowded, { email: account.email, password: PASSWORD })).status).toBe(429);
  });
});
