import { StartupError } from '#platform/errors';
import { passwordFault } from '#passwords';
import { type Login, PasswordResetsService } from '#users';
import { accountArguments } from './account-arguments.js';
import { ask, askNewPassword } from './prompt.js';
import { runCommand } from './run-command.js';
import { withServices } from './with-services.js';

// npm run admin:reset-password: gives a user a new password and ends their sessions.
await runCommand(async (config) => {
  const { email, username } = accountArguments('admin:reset-password');
  if (email !== undefined && username !== undefined) {
    throw new StartupError('Give the email or the username, not both.');
  }
  const login = toLogin(email ?? username ?? (await ask('Email or username')));
  const password = await askNewPassword();
  const fault = passwordFault(password, login, config.passwordRule);
  if (fault !== undefined) throw new StartupError(fault);
  return withServices(config, async (services) => {
    const user = await services.get(PasswordResetsService).force(login, password);
    const done = `Set the password of ${user.username} and ended every session.`;
    const shared = config.cache.kind === 'redis' || config.database.kind === 'pglite';
    return shared ? done : `${done} Without REDIS_URL, a running server may notice a minute late.`;
  });
});

/** No username contains an @. */
function toLogin(name: string): Login {
  return name.includes('@') ? { email: name } : { username: name };
}
