import { existsSync } from 'node:fs';
import { type AppConfig, ConfigError, loadConfig } from '../config/index.js';
import { StartupError } from '../platform/errors/index.js';

/** Runs an operator's command on the environment's configuration; what went wrong is one line and exit code 1. */
export async function runCommand(command: (config: AppConfig) => Promise<string>): Promise<void> {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    process.stdout.write(`${await command(loadConfig(process.env))}\n`);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/** What the operator reads: the message of what they can mend, the whole stack of a bug. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
