export { DeviceTokens, deviceTokenHeaders } from './device-tokens.js';
export { PasswordAttempts } from './password-attempts.js';
export { RateLimit } from './rate-limit.js';
export { ThrottlingModule } from './throttling.module.js';
