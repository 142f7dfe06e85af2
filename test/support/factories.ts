export interface Account {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly phoneNumber?: string;
  readonly dateOfBirth?: string;
}

export interface Session {
  readonly token: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string; readonly email: string; readonly username: string };
}

export const PASSWORD = 'Correct-horse-7-battery!';
export const OTHER_PASSWORD = 'Wrong-donkey-8-magnet?!';

export const ADMIN: Account = { username: 'root1', email: 'root@example.com', password: 'Over-all-9-trees!x' };

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
