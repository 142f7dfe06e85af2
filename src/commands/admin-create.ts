import { parseArgs } from 'node:util';
import { ADMIN_ROLE, USER_ROLE } from '#access';
import { type Fault, StartupError } from '#platform/errors';
import { emailRule, usernameRule, UsersService } from '#users';
import { ask, askNewPassword } from './prompt.js';
import { readConfig } from './read-config.js';
import { withServices } from './with-services.js';

export async function run(args: string[]): Promise<string> {
  const { values } = parseArgs({ args, options: { email: { type: 'string' }, username: { type: 'string' } } });
  const config = readConfig();
  const email = values.email ?? (await ask('Email'));
  refuse(emailRule(email));
  const username = values.username ?? (await ask('Username'));
  refuse(usernameRule(username));
  const password = await askNewPassword();
  return withServices(config, async (services) => {
    const roles = [ADMIN_ROLE, USER_ROLE];
    await services.get(UsersService).create({ email, username, password, emailVerified: true, roles });
    return `Created the admin ${username}.`;
  });
}

function refuse(fault: Fault | undefined): void {
  if (fault !== undefined) throw new StartupError(fault.message);
}
