import { parseArgs } from 'node:util';
import { StartupError } from '#platform/errors';
import { type Login, PasswordResetsService } from '#users';
import { ask, askNewPassword } from './prompt.js';
import { readConfig } from './read-config.js';
import { withServices } from './with-services.js';

export async function run(args: string[]): Promise<string> {
  const { values } = parseArgs({ args, options: { email: { type: 'string' }, username: { type: 'string' } } });
  const config = readConfig();
  if (values.email !== undefined && values.username !== undefined) {
    throw new StartupError('Give the email or the username, not both.');
  }
  const login = toLogin(values.email ?? values.username ?? (await ask('Email or username')));
  const password = await askNewPassword();
  return withServices(config, async (services) => {
    const user = await services.get(PasswordResetsService).force(login, password);
    const done = `Set the password of ${user.username} and ended every session.`;
    const shared = config.cache.kind === 'redis' || config.database.kind === 'pglite';
    return shared ? done : `${done} Without REDIS_URL, a running server may notice a minute late.`;
  });
}

/** No username contains an @. */
function toLogin(name: string): Login {
  const typed = name.trim();
  return typed.includes('@') ? { email: typed } : { username: typed };
}
