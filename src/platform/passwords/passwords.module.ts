import { Global, Module } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { BreachCheck } from './breach-check.js';
import { createPasswordHasher } from './create-password-hasher.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPolicy } from './password-policy.js';

@Global()
@Module({
  providers: [
    BreachCheck,
    PasswordPolicy,
    { provide: PasswordHasher, inject: [AppConfig], useFactory: (config: AppConfig) => createPasswordHasher(config) },
  ],
  exports: [PasswordHasher, PasswordPolicy],
})
export class PasswordsModule {}
