import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/index.js';
import { PasswordHasher } from '../platform/passwords/index.js';
import { type Login, type User, UsersService } from '../users/index.js';
import { AccountNotActiveError, InvalidCredentialsError } from './auth.errors.js';
import { SessionsService } from './sessions.service.js';
import { TokenRotation } from './token-rotation.js';
import { type TokenPair, TokensService } from './tokens.service.js';

/** Passwords in, tokens out. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly rotation: TokenRotation,
    private readonly tokens: TokensService,
    private readonly passwords: PasswordHasher,
    private readonly transactions: Transactions,
  ) {}

  /**
   * An unknown account costs a hash like a known one, so that the time of the answer does not tell them apart.
   *
   * @throws InvalidCredentialsError, AccountNotActiveError
   */
  async login(login: Login, password: string): Promise<{ user: User; tokens: TokenPair }> {
    const credentials = await this.users.findCredentials(login);
    const right = await this.passwords.verify(credentials?.passwordHash, password);
    if (credentials === null || !right) throw new InvalidCredentialsError();
    if (credentials.status !== 'active') throw new AccountNotActiveError();
    return this.transactions.run(async (transaction) => {
      const user = await this.users.recordLogin(credentials, transaction);
      if (user === null) throw new InvalidCredentialsError();
      const session = await this.sessions.start(user.id, transaction);
      return { user, tokens: this.tokens.issue(session) };
    });
  }

  /** @throws UnauthorizedError for any string that is no live refresh token; RefreshUndecidedError */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const claims = this.tokens.readRefreshToken(refreshToken);
    return this.tokens.issue(await this.rotation.exchange(claims));
  }
}
