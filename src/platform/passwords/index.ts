export { type PasswordContext, passwordFault } from './password-policy.js';
export { PasswordHasher } from './password-hasher.js';
export { PasswordsModule } from './passwords.module.js';
