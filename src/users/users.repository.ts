import { Injectable } from '@nestjs/common';
import { Prisma, PrismaService, uniqueViolation } from '#platform/database';
import { type AttributeChanges, type Attributes, type AttributeValue, UserAttributes } from '#platform/extensions';
import {
  columnName,
  CREDENTIAL_COLUMNS,
  type Credentials,
  type Login,
  type NewUser,
  type User,
  USER_COLUMNS,
  USER_COLUMNS_SQL,
  type UserChanges,
  type UserWithPassword,
} from './user.js';
import { foldName, lowerCase } from './fold.js';
import { searchTextOf } from './search-text.js';
import type { SettableStatus } from './status-changes.js';
import { DUPLICATES, DuplicateAttributeError, DuplicateUserError } from './users.errors.js';

/** What administrators set. */
export interface UserState {
  readonly status?: SettableStatus;
  readonly emailVerified?: boolean;
  readonly roles?: string[];
}

/** What an update writes. */
export interface ProfileChanges extends UserChanges {
  readonly emailVerified?: boolean;
}

interface AccountNames {
  readonly email?: string;
  readonly username?: string;
}

/** The users table. Methods ignore deleted accounts unless they say otherwise. */
@Injectable()
export class UsersRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly attributes: UserAttributes,
  ) {}

  /** @param db inside a transaction, that transaction's: the embedded database has no second connection */
  async findById(id: string, db: Prisma.TransactionClient = this.prisma): Promise<User | null> {
    const [user] = await db.$queryRaw<User[]>`
      SELECT ${USER_COLUMNS_SQL} FROM users WHERE id = ${id}::uuid AND deleted_at IS NULL`;
    return user ?? null;
  }

  async findCredentialsById(id: string): Promise<Credentials | null> {
    return this.prisma.user.findFirst({ where: { id, deletedAt: null }, select: CREDENTIAL_COLUMNS });
  }

  /** Always reads one row, so that an unknown account takes as long as a known one. */
  async findCredentials(login: Login): Promise<Credentials | null> {
    const named =
      'email' in login
        ? Prisma.sql`email_lower = ${foldName(login.email)}`
        : Prisma.sql`username_lower = ${foldName(login.username)}`;
    const [row] = await this.prisma.$queryRaw<(Credentials | Record<keyof Credentials, null>)[]>`
      SELECT id, username, email, password_hash AS "passwordHash", attempts_epoch AS "attemptsEpoch", status,
        email_verified AS "emailVerified", last_login AS "lastLogin"
      FROM (VALUES (1)) AS always LEFT JOIN users ON ${named} AND deleted_at IS NULL`;
    return row === undefined || row.id === null ? null : row;
  }

  /** The id of the account that has this email, whatever its status. */
  async findIdByEmail(email: string, db: Prisma.TransactionClient): Promise<string | undefined> {
    const [row] = await db.$queryRaw<{ id: string }[]>`
      SELECT id FROM users WHERE email_lower = ${foldName(email)} AND deleted_at IS NULL`;
    return row?.id;
  }

  /** Locks the row until the transaction ends, so that what is decided from it still holds when it is written. */
  async lock(id: string, db: Prisma.TransactionClient): Promise<UserWithPassword | null> {
    const [row] = await db.$queryRaw<UserWithPassword[]>`
      SELECT ${USER_COLUMNS_SQL}, password_hash AS "passwordHash"
      FROM users WHERE id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`;
    return row ?? null;
  }

  /** Locks the row of an account that may be deleted. */
  async lockEvenDeleted(id: string, db: Prisma.TransactionClient): Promise<UserWithPassword | null> {
    const [row] = await db.$queryRaw<UserWithPassword[]>`
      SELECT ${USER_COLUMNS_SQL}, password_hash AS "passwordHash" FROM users WHERE id = ${id}::uuid FOR UPDATE`;
    return row ?? null;
  }

  /** @param db inside a transaction, that transaction's: the embedded database has no second connection */
  async existsWithRole(role: string, db: Prisma.TransactionClient = this.prisma): Promise<boolean> {
    const found = await db.user.findFirst({ where: { roles: { has: role }, deletedAt: null }, select: { id: true } });
    return found !== null;
  }

  async existsActiveWithRole(role: string, exceptId: string, db: Prisma.TransactionClient): Promise<boolean> {
    const found = await db.user.findFirst({
      where: { roles: { has: role }, status: 'active', id: { not: exceptId } },
      select: { id: true },
    });
    return found !== null;
  }

  /** Waits for restorations in progress. An account that one of them restores is no longer deleted, so it keeps the role. */
  async removeRoleFromDeletedUsers(role: string, db: Prisma.TransactionClient): Promise<void> {
    const rows = await db.$queryRaw<{ id: string }[]>`
      SELECT id FROM users WHERE deleted_at IS NOT NULL AND roles @> ARRAY[${role}] ORDER BY id FOR UPDATE`;
    if (rows.length === 0) return;
    await db.$executeRaw`
      UPDATE users SET roles = array_remove(roles, ${role}), version = version + 1, updated_at = now()
      WHERE id = ANY(${rows.map(({ id }) => id)}::uuid[])`;
  }

  async insert(user: NewUser, db: Prisma.TransactionClient): Promise<User> {
    const { username, passwordHash, roles, attributes = {}, ...profile } = user;
    const created = await db.user.create({
      data: {
        username,
        usernameLower: foldName(username),
        passwordHash,
        roles: [...roles],
        ...profile,
        ...lowered(profile),
        emailLower: foldName(user.email),
        searchText: searchTextOf(user),
        attributes: { ...merged({}, attributes) },
      },
      select: USER_COLUMNS,
    });
    return asUser(created);
  }

  /** The caller has locked the account. */
  async update(
    before: User,
    changes: ProfileChanges,
    attributes: AttributeChanges | undefined,
    db: Prisma.TransactionClient,
  ): Promise<User> {
    const written = { ...changes, ...lowered(changes), searchText: searchTextOf({ ...before, ...changes }) };
    // In one order, whatever the order in the request: each text of a statement is prepared, and kept, by itself.
    const assignments = Object.entries(written)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => Prisma.sql`${Prisma.raw(columnName(name))} = ${value}`);
    if (attributes !== undefined) {
      assignments.push(Prisma.sql`attributes = ${JSON.stringify(merged(before.attributes, attributes))}::jsonb`);
    }
    const [user] = await db.$queryRaw<[User]>`
      UPDATE users SET ${Prisma.join(assignments)}, version = version + 1, updated_at = clock_timestamp()
      WHERE id = ${before.id}::uuid RETURNING ${USER_COLUMNS_SQL}`;
    return user;
  }

  async setState(id: string, state: UserState, db: Prisma.TransactionClient): Promise<User> {
    const unlock = state.status === 'active' ? unlocked() : {};
    const data = { ...state, ...unlock, ...nextVersion() };
    return asUser(await db.user.update({ where: { id }, data, select: USER_COLUMNS }));
  }

  /** Soft: the row stays, its email and username are free. */
  async delete({ id, status }: User, db: Prisma.TransactionClient): Promise<void> {
    await db.user.update({
      where: { id },
      data: { status: 'deleted', statusBeforeDeletion: status, deletedAt: new Date(), ...nextVersion() },
      select: { id: true },
    });
  }

  /** Roles that no longer exist are not restored. */
  async restore(id: string, db: Prisma.TransactionClient): Promise<User> {
    const [user] = await db.$queryRaw<[User]>`
      UPDATE users
      SET status = status_before_deletion, status_before_deletion = NULL, deleted_at = NULL,
          roles = ARRAY(SELECT name FROM roles WHERE name = ANY(users.roles) ORDER BY name COLLATE "C"),
          version = version + 1, updated_at = now(), attempts_epoch = attempts_epoch + 1
      WHERE id = ${id}::uuid RETURNING ${USER_COLUMNS_SQL}`;
    return user;
  }

  async setPassword(id: string, passwordHash: string, db: Prisma.TransactionClient): Promise<void> {
    await db.user.update({ where: { id }, data: { passwordHash }, select: { id: true } });
  }

  /** Sets a password that its owner has not confirmed with the old one, and unlocks the account. */
  async resetPassword(id: string, passwordHash: string, db: Prisma.TransactionClient): Promise<void> {
    await db.user.update({ where: { id }, data: { passwordHash, ...unlocked() }, select: { id: true } });
  }

  /** Forgets the wrong passwords that have been tried on the account. */
  async unlock(id: string, db: Prisma.TransactionClient): Promise<void> {
    await db.user.update({ where: { id }, data: unlocked(), select: { id: true } });
  }

  /**
   * @param upgradedHash `undefined` keeps the stored one
   * @returns `null` when the account or its password has changed since its credentials were read
   */
  async recordLogin(
    credentials: Credentials,
    upgradedHash: string | undefined,
    db: Prisma.TransactionClient,
  ): Promise<User | null> {
    const [user] = await db.$queryRaw<User[]>`
      UPDATE users SET last_login = clock_timestamp(), password_hash = ${upgradedHash ?? credentials.passwordHash}
      WHERE id = ${credentials.id}::uuid AND status = 'active' AND password_hash = ${credentials.passwordHash}
      RETURNING ${USER_COLUMNS_SQL}`;
    return user ?? null;
  }

  /**
   * Runs a transaction that writes these names, and explains a unique violation.
   *
   * @throws DuplicateUserError, DuplicateAttributeError when one is taken, also by another transaction at the same moment
   */
  async mapDuplicates<T>(names: AccountNames, transaction: () => Promise<T>): Promise<T> {
    try {
      return await transaction();
    } catch (error) {
      const violated = uniqueViolation(error);
      if (violated.length === 0) throw error;
      const attribute = this.attributes.violated(violated);
      if (attribute !== undefined) throw new DuplicateAttributeError(attribute);
      const byIndex = DUPLICATES.find((duplicate) => duplicate.names.some((name) => violated.includes(name)));
      if (byIndex === undefined) throw error;
      throw new DuplicateUserError((await this.takenField(names)) ?? byIndex.field);
    }
  }

  /** The violated index names only one field; when both are taken, the email is reported. */
  private async takenField({ email, username }: AccountNames) {
    const candidates = [
      { field: 'email' as const, where: email === undefined ? undefined : { emailLower: foldName(email) } },
      {
        field: 'username' as const,
        where: username === undefined ? undefined : { usernameLower: foldName(username) },
      },
    ];
    for (const { field, where } of candidates) {
      if (where === undefined) continue;
      const holder = await this.prisma.user.findFirst({ where: { ...where, deletedAt: null }, select: { id: true } });
      if (holder !== null) return field;
    }
    return undefined;
  }
}

/** What is `null` is unset. */
function merged(before: Attributes, changes: AttributeChanges): Attributes {
  const all = Object.entries({ ...before, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, AttributeValue] => entry[1] !== null));
}

/** Attributes are written by this repository alone, and are JSON of this type. */
function asUser(row: Prisma.UserGetPayload<{ select: typeof USER_COLUMNS }>): User {
  return { ...row, attributes: row.attributes as Attributes };
}

function nextVersion() {
  return { version: { increment: 1 }, updatedAt: new Date() };
}

/** Windows of wrong passwords of an older epoch do not count. */
function unlocked() {
  return { attemptsEpoch: { increment: 1 } };
}

/** The lower-cased copies of the names among the changes, which lookups and sorting compare. */
function lowered({ email, firstName, lastName }: UserChanges) {
  return {
    ...(email === undefined ? {} : { emailLower: foldName(email) }),
    // For older releases, which search in it.
    ...(firstName === undefined ? {} : { firstNameLower: firstName === null ? null : lowerCase(firstName) }),
    ...(lastName === undefined ? {} : { lastNameLower: lastName === null ? null : lowerCase(lastName) }),
  };
}
