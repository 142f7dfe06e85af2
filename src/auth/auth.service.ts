import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { DomainError } from '#platform/errors';
import { EventBus, Transactions } from '#platform/events';
import { Extensions } from '#platform/extensions';
import { DeviceTokens, PasswordAttempts, PasswordHasher } from '#passwords';
import { type Credentials, type Login, foldName, type User, UsersService } from '#users';
import {
  AccountNotActiveError,
  EmailNotVerifiedError,
  InvalidCredentialsError,
  LoginRefusedError,
} from './auth.errors.js';
import { LoginFailed, NewDeviceUsed, VerificationNeeded } from './auth.events.js';
import { SessionsService } from './sessions.service.js';
import { TokenRotationService } from './token-rotation.service.js';
import { TokenClaimsService } from './token-claims.service.js';
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
    private readonly claims: TokenClaimsService,
    private readonly extensions: Extensions,
    private readonly config: AppConfig,
  ) {}

  /** @throws InvalidCredentialsError, AccountNotActiveError, EmailNotVerifiedError, LoginRefusedError, TooManyRequestsError, HashQueueFullError */
  async login(login: Login, password: string): Promise<LoggedIn> {
    // The second look is for a hash that was replaced during the first: upgraded by another login, or a new password's.
    const loggedIn = (await this.attempt(login, password)) ?? (await this.attempt(login, password));
    if (loggedIn === null) throw new InvalidCredentialsError();
    return loggedIn;
  }

  /** @throws UnauthorizedError for a refresh token that is not live any more; RefreshUndecidedError */
  async refresh(presented: TokenClaims): Promise<TokenPair> {
    const session = await this.rotation.exchange(presented);
    return this.tokens.issue(session, await this.claims.ofUser(session.userId));
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
    if (credentials === null || credentials.passwordHash === null || !right) {
      await this.events.publish(new LoginFailed(credentials?.id ?? null, name, 'Wrong credentials'));
      throw new InvalidCredentialsError();
    }
    if (credentials.status !== 'active') {
      await this.events.publish(new LoginFailed(credentials.id, name, 'The account is not active'));
      throw new AccountNotActiveError();
    }
    if (this.config.emailVerification === 'required' && !credentials.emailVerified) {
      await this.events.publish(new LoginFailed(credentials.id, name, 'The email is not verified'));
      await this.transactions.run((transaction) =>
        transaction.publish(new VerificationNeeded(credentials.id, credentials.email)),
      );
      throw new EmailNotVerifiedError();
    }
    await this.askRules(credentials, name);
    const upgradedHash = await this.passwords.upgrade(credentials.passwordHash, password);
    const started = await this.transactions.run(async (transaction) => {
      const user = await this.users.recordLogin(credentials, upgradedHash, transaction);
      if (user === null) return null;
      const session = await this.sessions.start(user.id, transaction);
      const device = await this.devices.issue(user.id, transaction.db);
      if (device.isNew && credentials.lastLogin !== null) await transaction.publish(new NewDeviceUsed(user.id));
      return { user, session, deviceToken: device.token };
    });
    if (started === null) return null;
    const { user, session, deviceToken } = started;
    return { user, tokens: this.tokens.issue(session, await this.claims.of(user)), deviceToken };
  }

  /** @throws DomainError when an extension's rule refuses the login */
  private async askRules({ id }: Credentials, name: string): Promise<void> {
    if (this.extensions.loginRules.length === 0) return;
    const user = await this.users.get(id);
    try {
      for (const rule of this.extensions.loginRules) await rule.check(user);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await this.events.publish(new LoginFailed(id, name, `${error.code}: ${error.message}`));
      throw new LoginRefusedError(error);
    }
  }
}

/** The email or username as typed, folded: failures count by it whether or not such an account exists. */
function nameOf(login: Login): string {
  return createHash('sha256')
    .update(foldName(JSON.stringify(login)))
    .digest('base64url');
}
