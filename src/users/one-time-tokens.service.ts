import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import { foldName } from './fold.js';
import { hashOfToken, newToken, TOKEN_PURPOSES, type TokenPurpose, type TokenPurposes } from './one-time-token.js';
import { OneTimeTokensRepository, type TakenToken, type TokenUser } from './one-time-tokens.repository.js';
import type { User } from './user.js';
import { InvalidOneTimeTokenError } from './users.errors.js';
import {
  OneTimeTokenRefused,
  UserDeleted,
  UserPasswordChanged,
  UserPasswordReset,
  UserRolesChanged,
  UserStatusChanged,
  UserUpdated,
} from './users.events.js';
import { UsersRepository } from './users.repository.js';

/** Tokens that allow one thing, once: when they are made, taken and ended. */
@Injectable()
export class OneTimeTokensService implements OnModuleInit {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly users: UsersRepository,
    private readonly transactions: Transactions,
    private readonly events: EventBus,
  ) {}

  /**
   * A token gives its holder the account as it was when the token was made. Each ends with a new password and a new email,
   * which may belong to another person; an invitation also when the account leaves `active` or is suspended. An operator's
   * reset also ends when the account gets other roles, which may hold
   * permissions that the issuer lacks, and when its issuer loses the right to issue it; getting that right back changes nothing.
   */
  onModuleInit(): void {
    this.events.withinTransaction(UserPasswordChanged, ({ userId }, { db }) =>
      this.tokens.removeOf(userId, TOKEN_PURPOSES, db),
    );
    this.events.withinTransaction(UserPasswordReset, ({ user }, { db }) =>
      this.tokens.removeOf(user.id, TOKEN_PURPOSES, db),
    );
    this.events.withinTransaction(UserDeleted, ({ before }, { db }) =>
      this.tokens.removeOfAndBy(before.id, TOKEN_PURPOSES, db),
    );
    this.events.withinTransaction(UserRolesChanged, async ({ before, after }, { db }) => {
      const lost = before.roles.some((role) => !after.roles.includes(role));
      await (lost
        ? this.tokens.removeOfAndBy(after.id, ['operator_reset'], db)
        : this.tokens.removeOf(after.id, ['operator_reset'], db));
    });
    this.events.withinTransaction(UserStatusChanged, async ({ after }, { db }) => {
      if (after.status !== 'active') await this.tokens.removeOfAndBy(after.id, ['invitation'], db);
    });
    this.events.withinTransaction(UserUpdated, async ({ before, after }, { db }) => {
      if (foldName(before.email) !== foldName(after.email)) await this.tokens.removeOf(after.id, TOKEN_PURPOSES, db);
    });
  }

  /** Makes the reset that an operator hands over, in place of an earlier one. The caller has locked the user. */
  async issueOperatorReset(
    { id }: User,
    issuedBy: string,
    { db }: Transaction,
  ): Promise<{ token: string; expiresAt: Date }> {
    const { token, hash } = newToken();
    await this.tokens.removeOf(id, ['operator_reset'], db);
    const expiresAt = await this.tokens.insert({ hash, purpose: 'operator_reset', userId: id, issuedBy }, db);
    return { token, expiresAt };
  }

  /**
   * Makes the token of a mail. One that is sent again gets another, and the one before stays good. Of the mails of an
   * invitation, only the one sent last has a token that is good. The caller has locked the user.
   */
  async issueForMail(purpose: TokenPurpose, { id, email }: User, mailId: string, { db }: Transaction): Promise<string> {
    if (purpose === 'invitation') await this.tokens.removeOf(id, [purpose], db, mailId);
    const { token, hash } = newToken();
    await this.tokens.insert({ hash, purpose, userId: id, email: foldName(email), mailId }, db);
    return token;
  }

  /**
   * The user of a token that is still good.
   *
   * @throws InvalidOneTimeTokenError
   */
  async userOf(token: string, purposes: TokenPurposes): Promise<TokenUser> {
    const user = await this.tokens.findUser(hashOfToken(token), purposes);
    if (user === undefined) throw await this.refused(purposes);
    return user;
  }

  /**
   * Uses a token up, and does what it allows: in one transaction, so that it stays good where that fails. Of several calls at
   * once, one gets it.
   *
   * @param userId the token's
   * @param work with the user locked
   * @throws InvalidOneTimeTokenError, also for a mailed token whose address is no longer the user's; and what `work` throws
   */
  async use<T>(
    token: string,
    purposes: TokenPurposes,
    userId: string,
    work: (user: User, taken: TakenToken, transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.transactions.run(async (transaction) => {
        const locked = await this.users.lock(userId, transaction.db);
        const taken = await this.tokens.take(hashOfToken(token), userId, purposes, transaction.db);
        if (locked === null || taken === undefined) throw new InvalidOneTimeTokenError(purposes[0]);
        const { passwordHash: _, ...user } = locked;
        if (taken.email !== null && taken.email !== foldName(user.email))
          throw new InvalidOneTimeTokenError(purposes[0]);
        return work(user, taken, transaction);
      });
    } catch (error) {
      throw error instanceof InvalidOneTimeTokenError ? await this.refused(purposes) : error;
    }
  }

  /** Ends the user's tokens for these purposes. */
  async end(userId: string, purposes: readonly TokenPurpose[], { db }: Transaction): Promise<void> {
    await this.tokens.removeOf(userId, purposes, db);
  }

  /** Ends the operators' resets of every user who holds a role that has just gained permissions. */
  async endResetsOfHolders(role: string, { db }: Transaction): Promise<void> {
    await this.tokens.removeResetsOfHolders(role, db);
  }

  /** Ends the tokens that holders of a role have issued; the role has just lost permissions. */
  async endIssuedByHolders(role: string, { db }: Transaction): Promise<void> {
    await this.tokens.removeIssuedByHolders(role, db);
  }

  /** Records the refusal. @returns what to throw */
  private async refused([purpose]: TokenPurposes): Promise<InvalidOneTimeTokenError> {
    await this.events.publish(new OneTimeTokenRefused(purpose));
    return new InvalidOneTimeTokenError(purpose);
  }
}
