import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { GUESS, GUESS_LIMITS, loginFrom, newAddress, PAIR_MAX, registered } from '../support/guesses.js';

let test: TestApp;
beforeAll(async () => {
  test = await startApp({ ...GUESS_LIMITS, AUTH_RATE_LIMIT_ACCOUNT_MAX: String(PAIR_MAX) });
});
afterAll(() => test.close());

/** The answers to guesses at these names, in turn. */
async function guessed(names: readonly object[], addressOf: () => string): Promise<number[]> {
  const statuses = [];
  for (const name of names) statuses.push((await loginFrom(test, addressOf(), { ...name, password: GUESS })).status);
  return statuses;
}

describe.each([
  ['one address', false],
  ['as many addresses as guesses', true],
])('The limit on guesses from %s', (_, spread) => {
  const addresses = () => {
    const one = newAddress();
    return () => (spread ? newAddress() : one);
  };

  it.each<[string, () => Promise<readonly [object, object]>]>([
    [
      'an email and the username of its account',
      async () => {
        const { email, username } = await registered(test);
        return [{ email }, { username }];
      },
    ],
    [
      'a username and the email of its account',
      async () => {
        const { email, username } = await registered(test);
        return [{ username }, { email }];
      },
    ],
    [
      'an email and the username of another account',
      async () => [{ email: (await registered(test)).email }, { username: (await registered(test)).username }],
    ],
    [
      'an email and a username of no account',
      async () => [{ email: newAccount().email }, { username: newAccount().username }],
    ],
    [
      'an email of an account and a username of none',
      async () => [{ email: (await registered(test)).email }, { username: newAccount().username }],
    ],
  ])('gives the same answers for %s', async (_case, namesOf) => {
    const [first, second] = await namesOf();
    const names = [...Array<object>(PAIR_MAX + 1).fill(first), ...Array<object>(PAIR_MAX + 1).fill(second)];
    const full = [...Array<number>(PAIR_MAX).fill(401), 429];
    expect(await guessed(names, addresses())).toEqual([...full, ...full]);
  });
});
