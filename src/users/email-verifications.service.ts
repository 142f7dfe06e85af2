import { Injectable } from '@nestjs/common';
import { Transactions } from '#platform/events';
import type { Principal } from '#platform/request';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import type { User } from './user.js';
import { EmailAlreadyVerifiedError, InvalidOneTimeTokenError, UserNotActiveError } from './users.errors.js';
import { EmailVerificationRequested, UserEmailVerified } from './users.events.js';
import { UsersService } from './users.service.js';

/** The proof that an email is its user's: a token that only a mail to it holds. */
@Injectable()
export class EmailVerificationsService {
  constructor(
    private readonly tokens: OneTimeTokensService,
    private readonly users: UsersService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Asks for a link by mail.
   *
   * @throws UserNotFoundError, ForbiddenError, EmailAlreadyVerifiedError, UserNotActiveError
   */
  async request(id: string, by: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const user = await this.users.lockForChange(id, { by }, transaction);
      if (user.emailVerified) throw new EmailAlreadyVerifiedError();
      if (user.status !== 'active') throw new UserNotActiveError();
      await transaction.publish(new EmailVerificationRequested(user));
    });
  }

  /** @throws InvalidOneTimeTokenError */
  async redeem(token: string): Promise<User> {
    const purposes = ['email_verification'] as const;
    const { id } = await this.tokens.userOf(token, purposes);
    return this.tokens.use(token, purposes, id, async (before, _taken, transaction) => {
      if (before.status !== 'active') throw new InvalidOneTimeTokenError('email_verification');
      await this.tokens.end(id, purposes, transaction);
      // An administrator may have vouched for it meanwhile.
      if (before.emailVerified) return before;
      const after = await this.users.setState(before, { emailVerified: true }, transaction);
      await transaction.publish(new UserEmailVerified(before, after));
      return after;
    });
  }
}
