export { DEVICE_TOKEN_HEADERS, deviceTokenHeaders, DeviceTokens } from './attempts/device-tokens.js';
export { PasswordAttempts } from './attempts/password-attempts.js';
export { HashGate, Hashes } from './hashing/hash-gate.js';
export { PasswordHasher } from './hashing/password-hasher.js';
export { PasswordsModule } from './passwords.module.js';
export { type PasswordContext, passwordFault, PasswordPolicy } from './policy/password-policy.js';
