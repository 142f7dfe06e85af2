import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction } from '#platform/events';
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

/** Tokens that allow one thing, once: when they are made, taken and ended. */
@Injectable()
export class OneTimeTokensService implements OnModuleInit {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly events: EventBus,
  ) {}

  /**
   * A token gives its holder the account as it was when the token was made. Each ends with a new password and a new email,
   * which may belong to another person. An operator's reset also ends when the account gets other roles, which may hold
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
      if (after.status !== 'active') await this.tokens.removeIssuedBy(after.id, db);
    });
    this.events.withinTransaction(UserUpdated, async ({ before, after }, { db }) => {
      if (foldName(before.email) !== foldName(after.email)) await this.tokens.removeOf(after.id, TOKEN_PURPOSES, db);
    });
  }

  /** Makes the reset that an operator hands over, in place of an earlier one. The caller has locked the user. */
  async handOver({ id }: User, issuedBy: string, { db }: Transaction): Promise<{ token: string; expiresAt: Date }> {
    const { token, hash } = newToken();
    const expiresAt = await this.tokens.replace({ hash, purpose: 'operator_reset', userId: id, issuedBy }, db);
    return { token, expiresAt };
  }

  /**
   * Makes the token of a mail; a mail that is sent again gets another one. The caller has locked the user.
   *
   * @param mailId from a UUIDv7, so that a later mail has a greater one
   * @returns `undefined` for an invitation that a later one has replaced
   */
  async forMail(
    purpose: TokenPurpose,
    { id, email }: User,
    mailId: string,
    { db }: Transaction,
  ): Promise<string | undefined> {
    if (purpose === 'invitation') {
      if (await this.tokens.existsAfter(mailId, id, purpose, db)) return undefined;
      await this.tokens.removeOf(id, [purpose], db, mailId);
    }
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
    if (user !== undefined) return user;
    await this.events.publish(new OneTimeTokenRefused(purposes[0]));
    throw new InvalidOneTimeTokenError(purposes[0]);
  }

  /**
   * Uses a token up. Of several calls at once, one gets it. The caller has locked the user.
   *
   * @throws InvalidOneTimeTokenError, also for a mailed one whose address is no longer the user's
   */
  async take(token: string, user: User | null, purposes: TokenPurposes, { db }: Transaction): Promise<TakenToken> {
    const taken = user === null ? undefined : await this.tokens.take(hashOfToken(token), user.id, purposes, db);
    if (user === null || taken === undefined || (taken.email !== null && taken.email !== foldName(user.email))) {
      throw new InvalidOneTimeTokenError(purposes[0]);
    }
    return taken;
  }

  /** Ends the user's tokens for these purposes. */
  async end(userId: string, purposes: readonly TokenPurpose[], { db }: Transaction): Promise<void> {
    await this.tokens.removeOf(userId, purposes, db);
  }

  /** Ends the operators' resets of every user who holds a role that has just gained permissions. */
  async endForHolders(role: string, { db }: Transaction): Promise<void> {
    await this.tokens.removeResetsOfHolders(role, db);
  }

  /** Ends the tokens that holders of a role have issued; the role has just lost permissions. */
  async endIssuedByHolders(role: string, { db }: Transaction): Promise<void> {
    await this.tokens.removeIssuedByHolders(role, db);
  }
}
