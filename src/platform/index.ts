// What an extension builds on.
export { AuditActions, AuditedEvent, AuditedFailure, type AuditFacts, changesBetween } from './audit/index.js';
export { Cache } from './cache/index.js';
export { Prisma, PrismaService, type Transaction, Transactions } from './database/index.js';
export * from './errors/index.js';
export { EventBus } from './events/event-bus.js';
export { Authenticated, Public, RequirePermissions, SelfOnly, SelfOr } from './http/access-rule.js';
export { Answer, Message } from './http/answer.js';
export { ApiAnswer } from './http/api-docs.js';
export * from './http/documentation.js';
export { codePoints, Field, type Rule } from './http/field.decorator.js';
export { PermissionRegistry } from './http/permission-registry.js';
export type { Principal } from './http/principal.js';
export { CurrentUser, UserId } from './http/request.js';
