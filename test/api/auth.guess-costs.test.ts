import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount } from '../support/factories.js';
import { GUESS, GUESS_LIMITS, loginFrom, newAddress, PAIR_MAX, registered } from '../support/guesses.js';
import { countRoundTrips, type RoundTrips, stopBackground } from '../support/round-trips.js';

type Headers = Readonly<Record<string, string>>;

let test: TestApp;
beforeAll(async () => {
  test = await startApp(GUESS_LIMITS);
  await stopBackground(test);
});
afterAll(() => test.close());

/** The token that a device gets by a login to this account. */
async function deviceOf({ email, password }: Account): Promise<string> {
  const { headers } = await loginFrom(test, newAddress(), { email, password });
  return headers.get('x-device-token') ?? '';
}

/** The answers to guesses at a name until it is locked, and what each of them cost. */
async function guessed({ email }: Account, headers: Headers): Promise<(RoundTrips & { status: number })[]> {
  const address = newAddress();
  const answers = [];
  for (let guess = 0; guess <= PAIR_MAX; guess += 1) {
    let status = 0;
    const cost = await countRoundTrips(async () => {
      ({ status } = await loginFrom(test, address, { email, password: GUESS }, headers));
    });
    answers.push({ status, ...cost });
  }
  return answers;
}

describe('Guesses at an unknown name cost as many round trips as those at a known one', () => {
  it.each<[string, (account: Account) => Promise<Headers>]>([
    ['without a device token', async () => ({})],
    ['with one of the known account', async (account) => ({ 'x-device-token': await deviceOf(account) })],
    [
      'with one of the known account and one of another',
      async (account) => ({
        'x-device-token': await deviceOf(account),
        cookie: `device=${await deviceOf(await registered(test))}`,
      }),
    ],
    ['with one of another account', async () => ({ 'x-device-token': await deviceOf(await registered(test)) })],
    ['with one that is forged', async () => ({ 'x-device-token': 'a.b.c' })],
  ])('%s', async (_, headersFor) => {
    const account = await registered(test);
    const headers = await headersFor(account);
    const known = await guessed(account, headers);
    expect(known.map(({ status }) => status)).toEqual([...Array<number>(PAIR_MAX).fill(401), 429]);
    expect(await guessed(newAccount(), headers)).toEqual(known);
  });
});
