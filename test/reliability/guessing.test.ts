import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, PASSWORD } from '../support/factories.js';

/** How many passwords are tried on one account, or accounts with one password. */
const GUESSES = Number(process.env['GUESSES'] ?? 110);
/** The limits of the contract: for one account from one address, for one account, and from one address. */
const [PAIR_MAX, ACCOUNT_MAX, ADDRESS_MAX] = [5, 100, 100];
const AT_ONCE = 8;

let networks = 0;

/** Gives the address that the n-th guess comes from. */
type Source = (n: number) => string;

const oneAddress = (): Source => {
  const address = `10.9.0.${++networks}`;
  return () => address;
};

const manyAddresses = (): Source => {
  const network = ++networks;
  return (n) => `10.${network}.${Math.floor(n / 250)}.${(n % 250) + 1}`;
};

const oneNetwork = (): Source => {
  const network = ++networks;
  return (n) => `2001:db8:0:${network}::${n.toString(16)}`;
};

describe(`The limits on password guesses (${GUESSES} guesses each)`, () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({
      AUTH_RATE_LIMIT_MAX: String(PAIR_MAX),
      AUTH_RATE_LIMIT_ACCOUNT_MAX: String(ACCOUNT_MAX),
      AUTH_RATE_LIMIT_IP_MAX: String(ADDRESS_MAX),
      TRUST_PROXY: '127.0.0.1',
    });
  });
  afterAll(() => test.close());

  const logIn = ({ email }: Account, password: string, headers: Readonly<Record<string, string>>) =>
    test.api.post('/auth/login', { email, password }, { headers });

  /** Registers an account whose owner has logged in from a known device at this address. */
  const newOwner = async (address: string) => {
    const account = newAccount();
    await test.api.post('/users', account);
    const { headers } = await logIn(account, PASSWORD, { 'x-forwarded-for': address });
    const device = { 'x-forwarded-for': address, 'x-device-token': headers.get('x-device-token') ?? '' };
    return { account, logIn: async () => (await logIn(account, PASSWORD, device)).status };
  };

  const expectStopped = ({ checked, refused }: { checked: number; refused: number }, most: number) => {
    expect({ checked, refused }).toEqual({ checked: most, refused: GUESSES - most });
  };

  /** @returns how many guesses were checked and refused, and the statuses of the owner's logins meanwhile */
  const guess = async (
    guesses: (n: number) => { account: Account; password: string; address: string },
    owner: () => Promise<number>,
  ) => {
    const seen = new Map<number, number>();
    const owners: number[] = [];
    let next = 0;
    const worker = async () => {
      while (next < GUESSES) {
        const n = next++;
        const { account, password, address } = guesses(n);
        const { status } = await logIn(account, password, { 'x-forwarded-for': address });
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (n % 40 === 0 || n === GUESSES - 1) owners.push(await owner());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { checked: seen.get(401) ?? 0, refused: seen.get(429) ?? 0, owners: new Set(owners) };
  };

  it.each([
    ['one address', oneAddress, PAIR_MAX],
    ['a new address each', manyAddresses, ACCOUNT_MAX],
    ['each from another address of one IPv6 /64', oneNetwork, PAIR_MAX],
  ])('stop guesses at one account from %s, but not its owner', async (_, newSource, most) => {
    const addressOf = newSource();
    const owner = await newOwner(addressOf(1));
    const wrong = (n: number) => ({ account: owner.account, password: `Guess-number-${n}!`, address: addressOf(n) });
    const { owners, ...seen } = await guess(wrong, owner.logIn);
    expectStopped(seen, most);
    expect(owners).toEqual(new Set([200]));
  });

  it.each([
    ['one address', oneAddress, ADDRESS_MAX],
    ['a new address each (none is stopped)', manyAddresses, GUESSES],
    ['each from another address of one IPv6 /64', oneNetwork, ADDRESS_MAX],
  ])('count guesses at many accounts by address: from %s; a user there can log in', async (_, newSource, most) => {
    const addressOf = newSource();
    const owner = await newOwner(addressOf(1));
    const sprayed = (n: number) => ({ account: newAccount(), password: 'Guess-once-4-all!', address: addressOf(n) });
    const { owners, ...seen } = await guess(sprayed, owner.logIn);
    expectStopped(seen, most);
    expect(owners).toEqual(new Set([200]));
  });
});
