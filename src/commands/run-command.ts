import { existsSync } from 'node:fs';
import { type AppConfig, ConfigError, loadConfig } from '#config';
import { isDatabaseUnavailable } from '#platform/database';
import { DomainError, StartupError } from '#platform/errors';

/** Runs an operator's command on the environment's configuration. */
export function runCommand(command: (config: AppConfig) => Promise<string>): Promise<never> {
  return runToEnd(async () => {
    if (existsSync('.env')) process.loadEnvFile('.env');
    return command(loadConfig(process.env));
  });
}

/** Prints what `work` says, or why it failed, and ends the process: the schema engine leaves a timer running. */
export async function runToEnd(work: () => Promise<string>): Promise<never> {
  try {
    process.stdout.write(`${await work()}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

/** What the operator reads: the message of what they can mend, the whole stack of a bug. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartupError) return error.message;
  if (error instanceof DomainError) return error.details?.[0]?.message ?? error.message;
  if (isDatabaseUnavailable(error)) return 'The database does not answer.';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
