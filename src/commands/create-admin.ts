import { ADMIN_ROLE, USER_ROLE } from '#access';
import { StartupError } from '#platform/errors';
import { passwordFault } from '#passwords';
import { emailRule, usernameRule, UsersService } from '#users';
import { accountArguments } from './account-arguments.js';
import { ask, askNewPassword } from './prompt.js';
import { runCommand } from './run-command.js';
import { withServices } from './with-services.js';

// npm run admin:create: makes another admin, or the first.
await runCommand(async (config) => {
  const given = accountArguments('admin:create');
  const email = given.email ?? (await ask('Email'));
  refuse(emailRule(email));
  const username = given.username ?? (await ask('Username'));
  refuse(usernameRule(username));
  const password = await askNewPassword();
  refuse(passwordFault(password, { email, username }, config.passwordRule));
  return withServices(config, async (services) => {
    await services.get(UsersService).create({ email, username, password, roles: [ADMIN_ROLE, USER_ROLE] });
    return `Created the admin ${username}.`;
  });
});

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new StartupError(fault);
}
