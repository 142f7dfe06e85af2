import { Global, Module } from '@nestjs/common';
import { AppConfig } from '#config';
import { DatabaseDriver } from '#platform/postgres';
import { openMigrated } from './migrate.js';
import { PrismaService } from './prisma.service.js';

@Global()
@Module({
  providers: [{ provide: DatabaseDriver, useFactory: openMigrated, inject: [AppConfig] }, PrismaService],
  exports: [PrismaService],
})
export class DatabaseModule {}
