import { Global, Module } from '@nestjs/common';
import { AppConfig } from '#config';
import { DeviceTokens } from './attempts/device-tokens.js';
import { PasswordAttempts } from './attempts/password-attempts.js';
import { PasswordAttemptsRepository } from './attempts/password-attempts.repository.js';
import { PasswordAttemptsSweeper } from './attempts/password-attempts-sweeper.js';
import { BreachCheck } from './policy/breach-check.js';
import { createPasswordHasher } from './hashing/create-password-hasher.js';
import { PasswordHasher } from './hashing/password-hasher.js';
import { PasswordPolicy } from './policy/password-policy.js';

@Global()
@Module({
  providers: [
    BreachCheck,
    DeviceTokens,
    PasswordAttempts,
    PasswordAttemptsRepository,
    PasswordAttemptsSweeper,
    PasswordPolicy,
    { provide: PasswordHasher, inject: [AppConfig], useFactory: (config: AppConfig) => createPasswordHasher(config) },
  ],
  exports: [DeviceTokens, PasswordAttempts, PasswordHasher, PasswordPolicy],
})
export class PasswordsModule {}
