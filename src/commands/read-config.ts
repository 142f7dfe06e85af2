import { type AppConfig, loadConfig, readEnvFile, readEnvironment } from '#config';

/**
 * The configuration of the environment, and of `.env` where there is one.
 *
 * @throws ConfigError
 */
export function readConfig(): AppConfig {
  addEnvFile();
  return loadConfig(process.env);
}

/** Where a server of this environment listens, whatever else is wrong with it. */
export function readListening(): { host: string; port: number; apiVersion: string } {
  addEnvFile();
  const { HOST: host, PORT: port, API_VERSION: apiVersion } = readEnvironment(process.env).env;
  return { host, port, apiVersion };
}

/** What the environment sets wins. Libraries read some variables themselves, such as those of PostgreSQL. */
function addEnvFile(): void {
  for (const [name, value] of Object.entries(readEnvFile('.env') ?? {})) process.env[name] ??= value;
}
