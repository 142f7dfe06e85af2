export { PasswordHasher } from './password-hasher.js';
export { type PasswordContext, passwordFault, PasswordPolicy } from './password-policy.js';
export { PasswordsModule } from './passwords.module.js';
