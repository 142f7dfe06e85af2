import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '#access';
import { AuditModule } from '#audit';
import { AuthModule } from '#auth';
import { type AppConfig, ConfigModule } from '#config';
import { HealthModule } from '#health';
import { loadExtensions } from './load-extensions.js';
import { CacheModule } from '#platform/cache';
import { DatabaseModule } from '#platform/database';
import { EventsModule } from '#platform/events';
import { ServerModule } from '#platform/server';
import { PasswordsModule } from '#passwords';
import { RedisModule } from '#platform/redis';
import { LimitsModule } from '#platform/limits';
import { UsersModule } from '#users';

/** The composition root. */
@Module({})
export class AppModule {
  static async forRoot(config: AppConfig): Promise<DynamicModule> {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        EventsModule,
        DatabaseModule,
        RedisModule,
        CacheModule,
        ServerModule,
        LimitsModule,
        PasswordsModule,
        UsersModule,
        AccessModule,
        AuthModule,
        AuditModule,
        HealthModule,
        ...(await loadExtensions()),
      ],
    };
  }
}
