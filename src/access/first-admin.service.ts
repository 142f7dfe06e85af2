import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { StartupError } from '#platform/errors';
import { PasswordPolicy } from '#passwords';
import { DuplicateUserError, emailRule, UsersService } from '#users';
import { ADMIN_ROLE, USER_ROLE } from './roles.js';

interface AdminAccount {
  readonly email: string;
  readonly username: string;
  readonly password: string;
}

/** Creates the first admin when the server starts and finds none. */
@Injectable()
export class FirstAdminService {
  /** The account that was generated at this start; it is shown once. */
  generated: AdminAccount | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly users: UsersService,
    private readonly policy: PasswordPolicy,
  ) {}

  /** @throws StartupError when the account of the environment cannot be it */
  async ensure(): Promise<void> {
    const { firstAdmin, production } = this.config;
    if (firstAdmin === undefined && production) return;
    if (await this.users.existsWithRole(ADMIN_ROLE)) return;
    const account = firstAdmin ?? generatedAccount();
    const emailFault = emailRule(account.email);
    if (emailFault !== undefined) throw new StartupError(`ADMIN_EMAIL: ${emailFault.message}`);
    const fault = await this.policy.fault(account.password, account);
    if (fault !== undefined) throw new StartupError(`ADMIN_PASSWORD: ${fault.message}`);
    if ((await this.create(account)) && firstAdmin === undefined) this.generated = account;
  }

  private async create(account: AdminAccount): Promise<boolean> {
    try {
      await this.users.create({ ...account, emailVerified: true, roles: [ADMIN_ROLE, USER_ROLE] });
      return true;
    } catch (error) {
      if (!(error instanceof DuplicateUserError)) throw error;
      // An admin there is now comes from another instance that started at the same time.
      if (await this.users.existsWithRole(ADMIN_ROLE)) return false;
      throw new StartupError(
        `The first admin cannot be created: its ${error.taken} belongs to an account that is no admin, and is not promoted.`,
      );
    }
  }
}

function generatedAccount(): AdminAccount {
  // The suffix satisfies the password rule; the entropy is before it.
  return { email: 'admin@example.com', username: 'admin', password: `${randomBytes(15).toString('base64url')}-aA1!` };
}
