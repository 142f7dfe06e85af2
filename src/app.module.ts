import { type DynamicModule, Global, Module, type OnModuleInit } from '@nestjs/common';
import { AccessModule } from '#access';
import { AuditModule } from '#audit';
import { AuthModule } from '#auth';
import { type AppConfig, ConfigModule } from '#config';
import { EmailModule } from '#email';
import { HealthModule } from '#health';
import { Extensions, type ExtensionDefinition, ExtensionsModule } from '#platform/extensions';
import { CacheModule } from '#platform/cache';
import { DatabaseModule } from '#platform/database';
import { EventsModule } from '#platform/events';
import { MailModule } from '#platform/mail';
import { ServerModule } from '#platform/server';
import { PasswordsModule } from '#passwords';
import { RedisModule } from '#platform/redis';
import { LimitsModule } from '#platform/limits';
import { UsersModule } from '#users';

/** Hands the services of features to the modules of extensions, which then import nothing. */
@Global()
@Module({ imports: [UsersModule, AuditModule], exports: [UsersModule, AuditModule] })
class FeaturesModule {}

/** The composition root. */
@Module({})
export class AppModule implements OnModuleInit {
  constructor(private readonly extensions: Extensions) {}

  /** @throws StartupError for extensions that cannot run */
  static forRoot(config: AppConfig, extensions: readonly ExtensionDefinition[]): DynamicModule {
    const ownRule = extensions.some(({ passwordRule }) => passwordRule !== undefined);
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({ ...config, ...(ownRule ? { passwordRule: 'extension' } : {}) }),
        EventsModule,
        DatabaseModule,
        RedisModule,
        CacheModule,
        ServerModule,
        LimitsModule,
        PasswordsModule,
        MailModule,
        UsersModule,
        AccessModule,
        AuthModule,
        AuditModule,
        ...(config.mail === undefined ? [] : [EmailModule]),
        HealthModule,
        FeaturesModule,
        ExtensionsModule.forRoot(extensions, config.variables),
      ],
    };
  }

  /** The root comes last: every other module has been initialised. */
  onModuleInit(): Promise<void> {
    return this.extensions.start();
  }
}
