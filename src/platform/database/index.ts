export { DatabaseModule } from './database.module.js';
export { migrate } from './migrate.js';
export { tablePrefix } from './extension-sql.js';
export { listMigrations, type MigrationFile, MIGRATIONS, MIGRATIONS_FOLDER, migrationNames } from './migrations.js';
export { besideTransaction, OpenTransaction, OutsideTransactionError, whileInTransaction } from './open-transaction.js';
export { PrismaService } from './prisma.service.js';
export { $Enums, Prisma } from './generated/client.js';
export { firstUuidV7Of, timeOfUuidV7, uuidV7 } from './uuid-v7.js';
export { uniqueViolation } from './unique-violation.js';
