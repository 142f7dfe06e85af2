export { AppConfig, type CacheConfig, type DatabaseConfig, loadConfig, type PasswordRule } from './app-config.js';
export { ARGON2_LIMITS } from './argon2-limits.js';
export { parseDuration } from './duration.js';
export { ConfigError } from './config.error.js';
export { readEnvFile } from './env-file.js';
export { ConfigModule } from './config.module.js';
export { misspeltVariables } from './misspelt.js';
export { readEnvironment } from './environment.js';
export { type SigningKey, thumbprint, type VerificationKey } from './signing-keys.js';
