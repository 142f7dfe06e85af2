import { existsSync } from 'node:fs';
import { type AppConfig, loadConfig } from '#config';

/**
 * The configuration of the environment, and of `.env` where there is one.
 *
 * @throws ConfigError
 */
export function readConfig(): AppConfig {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}
