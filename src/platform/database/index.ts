export { isDatabaseFault, isDatabaseUnavailable, uniqueViolation } from './database-errors.js';
export { DatabaseModule } from './database.module.js';
export { migrate } from './migrate.js';
export { MIGRATIONS_FOLDER, migrationNames } from './migrations.js';
export { openDriver, openMemoryDatabase } from './open-driver.js';
export { PrismaService } from './prisma.service.js';
export { $Enums, Prisma } from './generated/client.js';
