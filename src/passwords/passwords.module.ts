import { Global, Module } from '@nestjs/common';
import { AppConfig } from '#config';
import { DeviceTokens } from './attempts/device-tokens.js';
import { DevicesRepository } from './attempts/devices.repository.js';
import { PasswordAttempts } from './attempts/password-attempts.js';
import { PasswordAttemptsRepository } from './attempts/password-attempts.repository.js';
import { PasswordAttemptsSweeper } from './attempts/password-attempts-sweeper.js';
import { BreachCheck } from './policy/breach-check.js';
import { createPasswordHasher } from './hashing/create-password-hasher.js';
import { HashGate } from './hashing/hash-gate.js';
import { PasswordHasher } from './hashing/password-hasher.js';
import { PasswordPolicy } from './policy/password-policy.js';

@Global()
@Module({
  providers: [
    BreachCheck,
    DevicesRepository,
    DeviceTokens,
    PasswordAttempts,
    PasswordAttemptsRepository,
    PasswordAttemptsSweeper,
    PasswordPolicy,
    HashGate,
    {
      provide: PasswordHasher,
      inject: [AppConfig, HashGate],
      useFactory: (config: AppConfig, gate: HashGate) => createPasswordHasher(config, gate),
    },
  ],
  exports: [DeviceTokens, HashGate, PasswordAttempts, PasswordHasher, PasswordPolicy],
})
export class PasswordsModule {}
