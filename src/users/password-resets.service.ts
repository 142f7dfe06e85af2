import { createHash, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import type { Principal } from '#platform/request';
import { type PasswordContext, PasswordHasher, PasswordPolicy } from '#passwords';
import { foldName } from './fold.js';
import { PasswordResetsRepository } from './password-resets.repository.js';
import type { Login, User } from './user.js';
import { InvalidResetTokenError, UserNotFoundError } from './users.errors.js';
import {
  BeforePasswordReset,
  BeforePasswordResetIssued,
  PasswordResetIssued,
  ResetTokenRefused,
  UserDeleted,
  UserPasswordChanged,
  UserPasswordReset,
  UserRolesChanged,
  UserStatusChanged,
  UserUpdated,
} from './users.events.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/** 256 bits, which cannot be guessed. */
const TOKEN_BYTES = 32;
const LIFETIME_MS = 60 * 60_000;

export interface PasswordResetToken {
  readonly resetToken: string;
  readonly expiresAt: Date;
}

/** For users who forgot their password: a token that sets a new one, once. */
@Injectable()
export class PasswordResetsService implements OnModuleInit {
  constructor(
    private readonly resets: PasswordResetsRepository,
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly transactions: Transactions,
    private readonly passwords: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly events: EventBus,
  ) {}

  /**
   * A token gives its holder the account as it was when the token was issued. It ends when the account becomes more: a
   * new email may belong to another person, and new roles may hold permissions that the issuer lacks. It also ends when
   * its issuer loses the right to issue it, and stays ended when the issuer gets that right back.
   */
  onModuleInit(): void {
    this.events.withinTransaction(UserPasswordChanged, ({ userId }, { db }) => this.resets.remove(userId, db));
    this.events.withinTransaction(UserDeleted, ({ before }, { db }) => this.resets.removeOfAndBy(before.id, db));
    this.events.withinTransaction(UserRolesChanged, async ({ before, after }, { db }) => {
      const lost = before.roles.some((role) => !after.roles.includes(role));
      await (lost ? this.resets.removeOfAndBy(after.id, db) : this.resets.remove(after.id, db));
    });
    this.events.withinTransaction(UserStatusChanged, async ({ after }, { db }) => {
      if (after.status !== 'active') await this.resets.removeIssuedBy(after.id, db);
    });
    this.events.withinTransaction(UserUpdated, async ({ before, after }, { db }) => {
      if (foldName(before.email) !== foldName(after.email)) await this.resets.remove(after.id, db);
    });
  }

  /**
   * Issues a token for the operator to hand over: good once, for an hour, until the next one is issued.
   *
   * @throws UserNotFoundError, ForbiddenError
   */
  async issue(id: string, by: Principal): Promise<PasswordResetToken> {
    const resetToken = randomBytes(TOKEN_BYTES).toString('base64url');
    return this.transactions.run(async (transaction) => {
      const user = await this.accounts.lockForChange(id, { by }, transaction);
      await transaction.publish(new BeforePasswordResetIssued(user, by));
      const token = { userId: id, tokenHash: hashOf(resetToken), issuedBy: by.userId };
      const expiresAt = await this.resets.put(token, LIFETIME_MS, transaction.db);
      await this.users.unlock(id, transaction.db);
      await transaction.publish(new PasswordResetIssued(user, expiresAt));
      return { resetToken, expiresAt };
    });
  }

  /**
   * A refused password does not use the token up.
   *
   * @throws InvalidResetTokenError, ValidationError
   */
  async redeem(resetToken: string, newPassword: string): Promise<void> {
    const tokenHash = hashOf(resetToken);
    const user = await this.resets.findUser(tokenHash);
    if (user === undefined) {
      await this.events.publish(new ResetTokenRefused());
      throw new InvalidResetTokenError();
    }
    const passwordHash = await this.checkedHash(newPassword, user);
    await this.transactions.run(async (transaction) => {
      const before = await this.users.lockEvenDeleted(user.id, transaction.db);
      const issuedBy = await this.resets.take(user.id, tokenHash, transaction.db);
      if (before === null || issuedBy === undefined) throw new InvalidResetTokenError();
      // An issuer who lost the right at the moment of issuing has left a token that no event removed.
      const issuer = await this.users.findById(issuedBy, transaction.db);
      if (issuer?.status !== 'active') throw new InvalidResetTokenError();
      await transaction.publish(new BeforePasswordReset(before, issuer));
      await this.replacePassword(before, passwordHash, transaction);
    });
  }

  /**
   * For the operator: sets a new password without the old one and without a token.
   *
   * @throws UserNotFoundError, ValidationError
   */
  async force(login: Login, newPassword: string): Promise<User> {
    const found = await this.users.findCredentials(login);
    if (found === null) throw new UserNotFoundError();
    const passwordHash = await this.checkedHash(newPassword, found);
    return this.transactions.run(async (transaction) => {
      const before = await this.accounts.lockForChange(found.id, { by: undefined }, transaction);
      await this.resets.remove(before.id, transaction.db);
      await this.replacePassword(before, passwordHash, transaction);
      return before;
    });
  }

  /** Revokes the reset tokens of every user who holds a role that has just gained permissions. */
  async revokeForHolders(role: string, { db }: Transaction): Promise<void> {
    await this.resets.removeForHolders(role, db);
  }

  /** Revokes the reset tokens that holders of a role have issued; the role has just lost permissions. */
  async revokeIssuedByHolders(role: string, { db }: Transaction): Promise<void> {
    await this.resets.removeIssuedByHolders(role, db);
  }

  private async checkedHash(newPassword: string, context: PasswordContext): Promise<string> {
    await this.policy.check('newPassword', newPassword, context);
    return this.passwords.hash(newPassword);
  }

  private async replacePassword(user: User, passwordHash: string, transaction: Transaction): Promise<void> {
    await this.users.resetPassword(user.id, passwordHash, transaction.db);
    await transaction.publish(new UserPasswordReset(user));
  }
}

function hashOf(resetToken: string): Buffer {
  return createHash('sha256').update(resetToken).digest();
}
