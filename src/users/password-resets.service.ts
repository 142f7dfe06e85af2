import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '#platform/events';
import type { Principal } from '#platform/request';
import { type PasswordContext, PasswordHasher, PasswordPolicy } from '#passwords';
import type { TokenPurposes } from './one-time-token.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import type { Login, User } from './user.js';
import { InvalidOneTimeTokenError, UserNotFoundError } from './users.errors.js';
import {
  BeforePasswordReset,
  BeforePasswordResetIssued,
  PasswordResetIssued,
  UserEmailVerified,
  UserPasswordReset,
} from './users.events.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

const RESETS: TokenPurposes = ['operator_reset', 'password_reset'];

export interface PasswordResetToken {
  readonly resetToken: string;
  readonly expiresAt: Date;
}

/** For users who forgot their password: a token sets a new one, once. */
@Injectable()
export class PasswordResetsService {
  constructor(
    private readonly tokens: OneTimeTokensService,
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly transactions: Transactions,
    private readonly passwords: PasswordHasher,
    private readonly policy: PasswordPolicy,
  ) {}

  /**
   * Issues a token for the operator to hand over: good once, for an hour, until the next one is issued.
   *
   * @throws UserNotFoundError, ForbiddenError
   */
  async issue(id: string, by: Principal): Promise<PasswordResetToken> {
    return this.transactions.run(async (transaction) => {
      const user = await this.accounts.lockForChange(id, { by }, transaction);
      await transaction.publish(new BeforePasswordResetIssued(user, by));
      const { token, expiresAt } = await this.tokens.issueOperatorReset(user, by.userId, transaction);
      await this.users.unlock(id, transaction.db);
      await transaction.publish(new PasswordResetIssued(user, expiresAt));
      return { resetToken: token, expiresAt };
    });
  }

  /**
   * A refused password does not use the token up. A mailed token also proves that the email is the user's.
   *
   * @throws InvalidOneTimeTokenError, ValidationError
   */
  async redeem(resetToken: string, newPassword: string): Promise<void> {
    const user = await this.tokens.userOf(resetToken, RESETS);
    const passwordHash = await this.checkedHash(newPassword, user);
    await this.tokens.use(resetToken, RESETS, user.id, async (before, { purpose, issuedBy }, transaction) => {
      if (purpose === 'operator_reset') await this.checkIssuer(before, issuedBy, transaction);
      else if (before.status !== 'active') throw new InvalidOneTimeTokenError(purpose);
      const owner = purpose === 'password_reset' ? await this.markVerified(before, transaction) : before;
      await this.replacePassword(owner, passwordHash, transaction);
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
      await this.replacePassword(before, passwordHash, transaction);
      return before;
    });
  }

  /** An issuer who lost the right at the moment of issuing has left a token that no event removed. */
  private async checkIssuer(user: User, issuedBy: string | null, transaction: Transaction): Promise<void> {
    const issuer = issuedBy === null ? null : await this.users.findById(issuedBy, transaction.db);
    if (issuer?.status !== 'active') throw new InvalidOneTimeTokenError('operator_reset');
    await transaction.publish(new BeforePasswordReset(user, issuer));
  }

  private async markVerified(before: User, transaction: Transaction): Promise<User> {
    if (before.emailVerified) return before;
    const after = await this.accounts.setState(before, { emailVerified: true }, transaction);
    await transaction.publish(new UserEmailVerified(before, after));
    return after;
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
