import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EventBus, Transactions } from '#platform/events';
import { DeviceTokens, PasswordAttempts, PasswordHasher } from '#passwords';
import { type Login, foldName, type User, UsersService } from '#users';
import { AccountNotActiveError, InvalidCredentialsError } from './auth.errors.js';
import { LoginFailed } from './auth.events.js';
import { SessionsService } from './sessions.service.js';
import { TokenRotationService } from './token-rotation.service.js';
import { type TokenClaims, type TokenPair, TokensService } from './tokens.service.js';

export interface LoggedIn {
  readonly user: User;
  readonly tokens: TokenPair;
  readonly deviceToken: string;
}

/** Passwords in, tokens out. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly rotation: TokenRotationService,
    private readonly tokens: TokensService,
    private readonly passwords: PasswordHasher,
    private readonly attempts: PasswordAttempts,
    private readonly devices: DeviceTokens,
    private readonly transactions: Transactions,
    private readonly events: EventBus,
  ) {}

  /** @throws InvalidCredentialsError, AccountNotActiveError, TooManyRequestsError, HashQueueFullError */
  async login(login: Login, password: string): Promise<LoggedIn> {
    // The second look is for a hash that was replaced during the first: upgraded by another login, or a new password's.
    const loggedIn = (await this.attempt(login, password)) ?? (await this.attempt(login, password));
    if (loggedIn === null) throw new InvalidCredentialsError();
    return loggedIn;
  }

  /** @throws UnauthorizedError for a refresh token that is not live any more; RefreshUndecidedError */
  async refresh(presented: TokenClaims): Promise<TokenPair> {
    return this.tokens.issue(await this.rotation.exchange(presented));
  }

  /**
   * An unknown account costs a hash like a known one, so that the time of the answer does not tell them apart.
   *
   * @returns `null` when the account or its password has changed meanwhile
   */
  private async attempt(login: Login, password: string): Promise<LoggedIn | null> {
    const credentials = await this.users.findCredentials(login);
    const name = nameOf(login);
    const right = await this.attempts.attempt(
      { name, userId: credentials?.id, epoch: credentials?.attemptsEpoch ?? 0 },
      () => this.passwords.verify(credentials?.passwordHash, password),
      'Too many login attempts. Please try again later.',
    );
    if (credentials === null || !right) {
      await this.events.publish(new LoginFailed(credentials?.id ?? null, name, 'Wrong credentials'));
      throw new InvalidCredentialsError();
    }
    if (credentials.status !== 'active') {
      await this.events.publish(new LoginFailed(credentials.id, name, 'The account is not active'));
      throw new AccountNotActiveError();
    }
    const upgradedHash = await this.passwords.upgrade(credentials.passwordHash, password);
    return this.transactions.run(async (transaction) => {
      const user = await this.users.recordLogin(credentials, upgradedHash, transaction);
      if (user === null) return null;
      const session = await this.sessions.start(user.id, transaction);
      const deviceToken = await this.devices.issue(user.id, transaction.db);
      return { user, tokens: this.tokens.issue(session), deviceToken };
    });
  }
}

/** The email or username as typed, folded: failures count by it whether or not such an account exists. */
function nameOf(login: Login): string {
  return createHash('sha256')
    .update(foldName(JSON.stringify(login)))
    .digest('base64url');
}
