import { $Enums, Prisma } from '#platform/database';
import type { AttributeChanges, Attributes } from '#platform/extensions';
import { type Profile, PROFILE_COLUMNS } from './profile-fields.js';

export type UserStatus = $Enums.UserStatus;

export const USER_STATUSES = Object.values($Enums.UserStatus);

/** The columns of an account that leave its repository; the password's hash only leaves where it is asked for. */
export const USER_COLUMNS = {
  id: true,
  username: true,
  email: true,
  ...PROFILE_COLUMNS,
  status: true,
  emailVerified: true,
  roles: true,
  attributes: true,
  version: true,
  createdAt: true,
  updatedAt: true,
  lastLogin: true,
  deletedAt: true,
} satisfies Prisma.UserSelect;

/** `USER_COLUMNS` in SQL, under Prisma's names. */
export const USER_COLUMNS_SQL = Prisma.raw(
  Object.keys(USER_COLUMNS)
    .map((name) => `${columnName(name)} AS "${name}"`)
    .join(', '),
);

/** The column of a field: `first_name` of `firstName`. */
export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a password is checked with. */
export const CREDENTIAL_COLUMNS = {
  id: true,
  username: true,
  email: true,
  passwordHash: true,
  attemptsEpoch: true,
  status: true,
  emailVerified: true,
  lastLogin: true,
} satisfies Prisma.UserSelect;

export type User = Omit<Prisma.UserGetPayload<{ select: typeof USER_COLUMNS }>, 'attributes'> & {
  readonly attributes: Attributes;
};
/** `passwordHash` is `null` until an invitation is accepted. */
export type UserWithPassword = User & { readonly passwordHash: string | null };
export type Credentials = Prisma.UserGetPayload<{ select: typeof CREDENTIAL_COLUMNS }>;

/** How a login names the account. */
export type Login = { readonly email: string } | { readonly username: string };

/** What an update may change. `null` clears an optional field. */
export interface UserChanges extends Readonly<Partial<Profile>> {
  readonly email?: string;
}

export interface UserUpdate {
  readonly changes: UserChanges;
  /** Needed by users who change their own email. */
  readonly currentPassword: string | undefined;
  /** Checked, and what the caller may set. */
  readonly attributes?: AttributeChanges | undefined;
}

export interface NewUser extends UserChanges {
  readonly username: string;
  readonly email: string;
  /** `null` for an invited user. */
  readonly passwordHash: string | null;
  /** `active` by default. */
  readonly status?: 'active' | 'inactive';
  readonly emailVerified?: boolean;
  readonly roles: readonly string[];
  /** Checked, and what the caller may set. */
  readonly attributes?: AttributeChanges | undefined;
}

/** Whether an invited user has not chosen a password yet, and may do so. */
export function awaitsAcceptance({ passwordHash, status }: Pick<UserWithPassword, 'passwordHash' | 'status'>): boolean {
  return passwordHash === null && status !== 'suspended';
}
