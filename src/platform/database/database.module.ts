import { Global, Module } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { DatabaseDriver } from './database-driver.js';
import { openMigrated } from './migrator.js';
import { PrismaService } from './prisma.service.js';
import { Transactions } from './transactions.js';

@Global()
@Module({
  providers: [{ provide: DatabaseDriver, useFactory: openMigrated, inject: [AppConfig] }, PrismaService, Transactions],
  exports: [PrismaService, Transactions],
})
export class DatabaseModule {}
