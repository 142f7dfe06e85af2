import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/index.js';
import { AuditModule } from './audit/index.js';
import { AuthModule } from './auth/index.js';
import { type AppConfig, ConfigModule } from './config/index.js';
import { HealthModule } from './health/index.js';
import { loadExtensions } from './load-extensions.js';
import { AuditActionsModule } from './platform/audit/index.js';
import { CacheModule } from './platform/cache/index.js';
import { DatabaseModule } from './platform/database/index.js';
import { EventsModule } from './platform/events/events.module.js';
import { HttpModule } from './platform/http/http.module.js';
import { PasswordsModule } from './platform/passwords/index.js';
import { RedisModule } from './platform/redis/index.js';
import { ThrottlingModule } from './platform/throttling/index.js';
import { UsersModule } from './users/index.js';

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
        AuditActionsModule,
        HttpModule,
        ThrottlingModule,
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
