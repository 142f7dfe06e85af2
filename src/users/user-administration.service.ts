import { Injectable } from '@nestjs/common';
import { Transactions } from '#platform/events';
import type { Principal } from '#platform/request';
import { assertMayBecome, type SettableStatus } from './status-changes.js';
import type { User } from './user.js';
import {
  AttributeTakenError,
  DuplicateAttributeError,
  DuplicateUserError,
  NamesTakenError,
  UserNotDeletedError,
  UserNotFoundError,
} from './users.errors.js';
import { BeforeUserChange, UserEmailVerified, UserRestored, UserStatusChanged } from './users.events.js';
import { profileKey } from './user-profiles.service.js';
import { UsersRepository } from './users.repository.js';
import { type ChangeOptions, UsersService } from './users.service.js';

/** What administrators change of an account: its status, its deletion undone, its email marked as verified. */
@Injectable()
export class UserAdministrationService {
  constructor(
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * The same status again changes nothing.
   *
   * @throws UserNotFoundError, PreconditionFailedError, IllegalStatusChangeError
   */
  async setStatus(
    id: string,
    status: SettableStatus,
    reason: string | undefined,
    options: ChangeOptions,
  ): Promise<User> {
    return this.transactions.run(async (transaction) => {
      const before = await this.accounts.lockForChange(id, options, transaction);
      if (before.status === status) return before;
      assertMayBecome(before.status, status);
      const after = await this.accounts.setState(before, { status }, transaction);
      await transaction.publish(new UserStatusChanged(before, after, reason));
      return after;
    });
  }

  /**
   * Changes nothing where the email is verified already.
   *
   * @throws UserNotFoundError, PreconditionFailedError
   */
  async verifyEmail(id: string, options: ChangeOptions): Promise<User> {
    return this.transactions.run(async (transaction) => {
      const before = await this.accounts.lockForChange(id, options, transaction);
      if (before.emailVerified) return before;
      const after = await this.accounts.setState(before, { emailVerified: true }, transaction);
      await transaction.publish(new UserEmailVerified(before, after));
      return after;
    });
  }

  /**
   * Undoes a deletion: the user gets the status from before it.
   *
   * @throws UserNotFoundError, UserNotDeletedError, NamesTakenError, AttributeTakenError
   */
  async restore(id: string, by: Principal): Promise<User> {
    try {
      return await this.users.mapDuplicates({}, () => this.restoreRow(id, by));
    } catch (error) {
      if (error instanceof DuplicateUserError) throw new NamesTakenError();
      if (error instanceof DuplicateAttributeError) throw new AttributeTakenError();
      throw error;
    }
  }

  private restoreRow(id: string, by: Principal): Promise<User> {
    return this.transactions.run(async (transaction) => {
      const locked = await this.users.lockEvenDeleted(id, transaction.db);
      if (locked === null) throw new UserNotFoundError();
      const { passwordHash: _, ...before } = locked;
      await transaction.publish(new BeforeUserChange(before, by));
      if (before.deletedAt === null) throw new UserNotDeletedError();
      const after = await this.users.restore(id, transaction.db);
      transaction.forget(profileKey(id));
      await transaction.publish(new UserRestored(before, after));
      return after;
    });
  }
}
