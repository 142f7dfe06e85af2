import type { Account } from '../../src/testing/index.js';

export { type Account, ADMIN, type Session } from '../../src/testing/index.js';

export const PASSWORD = 'Correct-horse-7-battery!';
export const OTHER_PASSWORD = 'Wrong-donkey-8-magnet?!';

let made = 0;

/** A role name that no other test uses. */
export function newRoleName(): string {
  made += 1;
  return `role-${made}-${Date.now().toString(36)}`;
}

/** An account whose username and email no other test uses. */
export function newAccount(overrides: Partial<Account> = {}): Account {
  made += 1;
  const name = `person${made}x${Date.now().toString(36)}`;
  return { username: name, email: `${name}@example.com`, password: PASSWORD, ...overrides };
}
