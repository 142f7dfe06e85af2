import { type AppConfig, loadConfig, readEnvFile } from '#config';

/**
 * The configuration of the environment, and of `.env` where there is one.
 *
 * @throws ConfigError
 */
export function readConfig(): AppConfig {
  // What the environment sets wins. Libraries read some variables themselves, such as those of PostgreSQL.
  for (const [name, value] of Object.entries(readEnvFile('.env') ?? {})) process.env[name] ??= value;
  return loadConfig(process.env);
}
