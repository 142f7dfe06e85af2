import { parseArgs } from 'node:util';
import { StartupError } from '#platform/errors';

export interface AccountArguments {
  readonly email?: string;
  readonly username?: string;
}

/**
 * `--email` and `--username` of the command line.
 *
 * @throws StartupError for anything else, which it does not repeat: it may be a password
 */
export function accountArguments(command: string): AccountArguments {
  try {
    return parseArgs({ options: { email: { type: 'string' }, username: { type: 'string' } } }).values;
  } catch {
    throw new StartupError(
      `Usage: npm run ${command} -- [--email <email>] [--username <username>]; the password is asked for, or piped in.`,
    );
  }
}
