import { Injectable } from '@nestjs/common';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { UserAttributes } from '#platform/extensions';
import { assertMatches, type IfMatchCondition, type Principal } from '#platform/request';
import { PasswordAttempts, PasswordHasher, PasswordPolicy } from '#passwords';
import type { Credentials, Login, NewUser, User, UserUpdate, UserWithPassword } from './user.js';
import { CurrentPasswordRequiredError, UserNotFoundError, WrongCurrentPasswordError } from './users.errors.js';
import {
  CurrentPasswordRefused,
  BeforeUserChange,
  UserCreated,
  UserDeleted,
  UserPasswordChanged,
  UserRolesChanged,
  UserUpdated,
} from './users.events.js';
import { foldName } from './fold.js';
import { profileKey } from './user-profiles.service.js';
import { UsersRepository, type UserState } from './users.repository.js';

export interface NewAccount extends Omit<NewUser, 'passwordHash' | 'status' | 'roles'> {
  readonly password: string;
  readonly roles?: readonly string[];
}

export interface ChangeOptions {
  /** The caller; `undefined` for the operator. */
  readonly by: Principal | undefined;
  readonly ifMatch?: IfMatchCondition | undefined;
}

/** Creates, changes and deletes accounts. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly transactions: Transactions,
    private readonly passwords: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly attempts: PasswordAttempts,
    private readonly attributes: UserAttributes,
    private readonly events: EventBus,
  ) {}

  /** @throws ValidationError, DuplicateUserError */
  async create({ password, roles = ['user'], ...account }: NewAccount): Promise<User> {
    await this.policy.check('password', password, account);
    const passwordHash = await this.passwords.hash(password);
    return this.users.mapDuplicates(account, () =>
      this.transactions.run(async (transaction) => {
        const user = await this.users.insert({ ...account, passwordHash, roles }, transaction.db);
        await transaction.publish(new UserCreated(user));
        return user;
      }),
    );
  }

  /** @throws UserNotFoundError */
  async get(id: string): Promise<User> {
    const user = await this.users.findById(id);
    if (user === null) throw new UserNotFoundError();
    return user;
  }

  /** @throws UserNotFoundError, PreconditionFailedError, DuplicateUserError, WrongCurrentPasswordError, TooManyRequestsError */
  async update(id: string, update: UserUpdate, options: ChangeOptions): Promise<User> {
    const { changes, attributes } = update;
    const bySelf = options.by?.userId === id;
    const confirmedHash = bySelf ? await this.confirmEmailChange(id, update) : undefined;
    return this.users.mapDuplicates(changes, () =>
      this.transactions.run(async (transaction) => {
        const { passwordHash, ...before } = await this.lockCredentials(id, options, transaction);
        if (confirmedHash !== undefined && confirmedHash !== passwordHash) throw new WrongCurrentPasswordError();
        const { email, ...rest } = changes;
        const newAddress = email !== undefined && foldName(email) !== foldName(before.email);
        // Another change of the email was committed between the unlocked read and the lock.
        if (newAddress && bySelf && confirmedHash === undefined) throw new CurrentPasswordRequiredError();
        const effective = {
          ...(email === before.email ? rest : changes),
          ...(newAddress ? { emailVerified: false } : {}),
        };
        const after = await this.users.update(before, effective, attributes, transaction.db);
        transaction.forget(profileKey(id));
        await transaction.publish(new UserUpdated(before, after));
        return after;
      }),
    );
  }

  /** @throws UserNotFoundError, PreconditionFailedError */
  async delete(id: string, options: ChangeOptions): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const before = await this.lockForChange(id, options, transaction);
      await this.users.delete(before, transaction.db);
      transaction.forget(profileKey(id));
      await transaction.publish(new UserDeleted(before));
    });
  }

  /**
   * The caller's own session stays live.
   *
   * @throws UserNotFoundError, ValidationError, WrongCurrentPasswordError, TooManyRequestsError
   */
  async changePassword(id: string, by: Principal, currentPassword: string, newPassword: string): Promise<void> {
    const credentials = await this.users.findCredentialsById(id);
    if (credentials === null) throw new UserNotFoundError();
    await this.policy.check('newPassword', newPassword, credentials);
    await this.assertPassword(credentials, currentPassword, 'user.password_changed');
    const passwordHash = await this.passwords.hash(newPassword);
    await this.transactions.run(async (transaction) => {
      const before = await this.lockCredentials(id, { by }, transaction);
      // Another change came first: the password that was checked is no longer the current one.
      if (before.passwordHash !== credentials.passwordHash) throw new WrongCurrentPasswordError();
      await this.users.setPassword(id, passwordHash, transaction.db);
      await transaction.publish(new UserPasswordChanged(id, by.sessionId));
    });
  }

  /**
   * Locks an account until the transaction ends, and lets handlers of BeforeUserChange forbid the change.
   *
   * @throws UserNotFoundError, PreconditionFailedError, and what a handler throws
   */
  async lockForChange(id: string, options: ChangeOptions, transaction: Transaction): Promise<User> {
    const { passwordHash: _, ...user } = await this.lockCredentials(id, options, transaction);
    return user;
  }

  /** Locks an account without asking the handlers of BeforeUserChange: what follows is not a caller's change. */
  async lockWithoutRules(id: string, { db }: Transaction): Promise<UserWithPassword | null> {
    return this.users.lock(id, db);
  }

  /** Locks an account that may be deleted. */
  async lockEvenDeleted(id: string, { db }: Transaction): Promise<UserWithPassword | null> {
    return this.users.lockEvenDeleted(id, db);
  }

  /** Locks the account that has this email. */
  async lockByEmail(email: string, transaction: Transaction): Promise<UserWithPassword | null> {
    const id = await this.users.findIdByEmail(email, transaction.db);
    return id === undefined ? null : this.users.lock(id, transaction.db);
  }

  /** The caller has locked the account, and publishes what happened. */
  async setState(before: User, state: UserState, transaction: Transaction): Promise<User> {
    const after = await this.users.setState(before.id, state, transaction.db);
    transaction.forget(profileKey(before.id));
    return after;
  }

  /** The caller has locked the account and checked that the roles exist. */
  async setRoles(before: User, roles: readonly string[], transaction: Transaction): Promise<User> {
    const after = await this.setState(before, { roles: [...roles] }, transaction);
    await transaction.publish(new UserRolesChanged(before, after));
    return after;
  }

  /** The account that a login names, with its password's hash. */
  async findCredentials(login: Login): Promise<Credentials | null> {
    return this.users.findCredentials(login);
  }

  /**
   * @param upgradedHash of the same password; `undefined` keeps the stored one
   * @returns `null` when the account or its password has changed since its credentials were read
   */
  async recordLogin(
    credentials: Credentials,
    upgradedHash: string | undefined,
    transaction: Transaction,
  ): Promise<User | null> {
    const user = await this.users.recordLogin(credentials, upgradedHash, transaction.db);
    if (user !== null) transaction.forget(profileKey(user.id));
    return user;
  }

  /** Deleted accounts do not count. */
  async existsWithRole(role: string, transaction?: Transaction): Promise<boolean> {
    return this.users.existsWithRole(role, transaction?.db);
  }

  async existsActiveWithRole(role: string, exceptId: string, { db }: Transaction): Promise<boolean> {
    return this.users.existsActiveWithRole(role, exceptId, db);
  }

  /** Keeps a user who is restored later from getting the role back. */
  async removeRoleFromDeletedUsers(role: string, { db }: Transaction): Promise<void> {
    await this.users.removeRoleFromDeletedUsers(role, db);
  }

  private async lockCredentials(
    id: string,
    { by, ifMatch }: ChangeOptions,
    transaction: Transaction,
  ): Promise<UserWithPassword> {
    const locked = await this.users.lock(id, transaction.db);
    if (locked === null) throw new UserNotFoundError();
    const { passwordHash: _, ...user } = locked;
    await transaction.publish(new BeforeUserChange(user, by));
    assertMatches(ifMatch, { ...user, view: this.attributes.viewOf(id) });
    return locked;
  }

  /** @returns the hash that the password was checked against; `undefined` where none is needed */
  private async confirmEmailChange(
    id: string,
    { changes: { email }, currentPassword }: UserUpdate,
  ): Promise<string | undefined> {
    if (email === undefined) return undefined;
    const credentials = await this.users.findCredentialsById(id);
    if (credentials === null) throw new UserNotFoundError();
    // Another spelling of the same address proves nothing new.
    if (foldName(credentials.email) === foldName(email)) return undefined;
    if (currentPassword === undefined) throw new CurrentPasswordRequiredError();
    await this.assertPassword(credentials, currentPassword, 'user.updated');
    return credentials.passwordHash ?? undefined;
  }

  private async assertPassword(
    { id, passwordHash, attemptsEpoch: epoch }: Credentials,
    password: string,
    change: CurrentPasswordRefused['action'],
  ): Promise<void> {
    const right = await this.attempts.attempt({ name: id, userId: id, epoch }, () =>
      this.passwords.verify(passwordHash, password),
    );
    if (right) return;
    await this.events.publish(new CurrentPasswordRefused(id, change));
    throw new WrongCurrentPasswordError();
  }
}
