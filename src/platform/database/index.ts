export { isDatabaseUnavailable, uniqueViolation } from './database-errors.js';
export { DatabaseModule } from './database.module.js';
export { migrate } from './migrator.js';
export { openDriver } from './open-driver.js';
export { PrismaService } from './prisma.service.js';
export { $Enums, Prisma } from './generated/client.js';
