import type { ApiAnswer } from './client.js';
import type { TestApp } from './app.js';
import { type Account, newAccount } from './factories.js';

/** Never the password of an account. */
export const GUESS = 'Never-right-7-guess!';

/** How many wrong passwords an application with `GUESS_LIMITS` allows for a name and address. */
export const PAIR_MAX = 3;
export const GUESS_LIMITS = { AUTH_RATE_LIMIT_MAX: String(PAIR_MAX), TRUST_PROXY: '127.0.0.1' };

let made = 0;
export const newAddress = () => `10.9.${Math.floor(++made / 250)}.${(made % 250) + 1}`;

/** Sends a login from an address. */
export function loginFrom(
  test: TestApp,
  address: string,
  login: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  return test.api.post('/auth/login', login, { headers: { 'x-forwarded-for': address, ...headers } });
}

/** Guesses wrong until a name (an email or a username) is locked at an address. */
export async function lockOut(test: TestApp, address: string, name: object): Promise<void> {
  const guess = { ...name, password: GUESS };
  for (let n = 0; n < PAIR_MAX; n += 1) await loginFrom(test, address, guess);
  const { status } = await loginFrom(test, address, guess);
  if (status !== 429) throw new Error(`${JSON.stringify(name)} is not locked out: ${status}`);
}

/** Registers an account from an address of its own, without a login. */
export async function registered(test: TestApp): Promise<Account & { readonly id: string }> {
  const account = newAccount();
  const { status, body } = await test.api.post('/users', account);
  if (status !== 201) throw new Error(`The registration was answered ${status}`);
  return { ...account, id: body.data.user.id };
}
