export { isDatabaseUnavailable, uniqueViolation } from './database-errors.js';
export { DatabaseModule } from './database.module.js';
export { Prisma } from './generated/client.js';
export { PrismaService } from './prisma.service.js';
export type { Transaction } from './transaction.js';
export { Transactions } from './transactions.js';
