import { Injectable } from '@nestjs/common';
import { Transactions } from '#platform/events';
import type { Principal } from '#platform/request';
import { PasswordHasher, PasswordPolicy } from '#passwords';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import { TOKEN_PURPOSES } from './one-time-token.js';
import { awaitsAcceptance, type NewUser, type User } from './user.js';
import { DuplicateUserError } from './users.errors.js';
import {
  BeforeInvitation,
  BeforeUserChange,
  UserCreated,
  UserInvitationAccepted,
  UserInvited,
} from './users.events.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

export type Invitation = Omit<NewUser, 'passwordHash' | 'status' | 'emailVerified' | 'attributes'>;

/** Accounts that an operator makes for others, who choose the password: until then they are inactive and have none. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly accounts: UsersService,
    private readonly tokens: OneTimeTokensService,
    private readonly transactions: Transactions,
    private readonly passwords: PasswordHasher,
    private readonly policy: PasswordPolicy,
  ) {}

  /**
   * Creates the account and asks for a link by mail; for one that has not been accepted, only asks for another link.
   *
   * @returns whether the account is new
   * @throws DuplicateUserError, ForbiddenError, ValidationError for a role that does not exist
   */
  async invite(invitation: Invitation, by: Principal): Promise<{ readonly user: User; readonly created: boolean }> {
    const earlier = await this.repeat(invitation, by);
    if (earlier !== undefined) return { user: earlier, created: false };
    try {
      return { user: await this.create(invitation, by), created: true };
    } catch (error) {
      // The same invitation was posted at the same moment.
      const other = isEmailTaken(error) ? await this.repeat(invitation, by) : undefined;
      if (other === undefined) throw error;
      return { user: other, created: false };
    }
  }

  /**
   * A refused password does not use the token up.
   *
   * @throws InvalidOneTimeTokenError, ValidationError
   */
  async accept(token: string, password: string): Promise<User> {
    const purposes = ['invitation'] as const;
    const invited = await this.tokens.userOf(token, purposes);
    await this.policy.check('password', password, invited);
    const passwordHash = await this.passwords.hash(password);
    return this.tokens.use(token, purposes, invited.id, async (before, _taken, transaction) => {
      await this.users.setPassword(before.id, passwordHash, transaction.db);
      const after = await this.accounts.setState(before, { status: 'active', emailVerified: true }, transaction);
      await this.tokens.end(before.id, TOKEN_PURPOSES, transaction);
      await transaction.publish(new UserInvitationAccepted(before, after));
      return after;
    });
  }

  private create(invitation: Invitation, by: Principal): Promise<User> {
    return this.users.mapDuplicates(invitation, () =>
      this.transactions.run(async (transaction) => {
        await transaction.publish(new BeforeInvitation(invitation.roles, by));
        const user = await this.users.insert({ ...invitation, passwordHash: null, status: 'inactive' }, transaction.db);
        await transaction.publish(new UserCreated(user));
        await transaction.publish(new UserInvited(user));
        return user;
      }),
    );
  }

  /** @returns `undefined` where no account waits for its acceptance under this email */
  private async repeat({ email, roles }: Invitation, by: Principal): Promise<User | undefined> {
    const found = await this.users.findCredentials({ email });
    if (found === null || !awaitsAcceptance(found)) return undefined;
    return this.transactions.run(async (transaction) => {
      const locked = await this.accounts.lockWithoutRules(found.id, transaction);
      // Accepted, deleted or renamed since it was looked up: the creation finds out.
      if (locked === null || !awaitsAcceptance(locked) || locked.email !== found.email) return undefined;
      const { passwordHash: _, ...user } = locked;
      await transaction.publish(new BeforeUserChange(user, by));
      await transaction.publish(new BeforeInvitation(roles, by));
      await this.tokens.end(user.id, ['invitation'], transaction);
      await transaction.publish(new UserInvited(user));
      return user;
    });
  }
}

function isEmailTaken(error: unknown): boolean {
  return error instanceof DuplicateUserError && error.taken === 'email';
}
