// What an extension builds on.
export { Authenticated, PermissionRegistry, Public, RequirePermissions, SelfOnly, SelfOr } from '#platform/access';
export { Cache } from '#platform/cache';
export { Prisma, PrismaService } from '#platform/database';
export * from '#platform/errors';
export {
  type AuditAction,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  changesBetween,
  EventBus,
  type Transaction,
  Transactions,
} from '#platform/events';
export { WithoutIdempotencyKey } from '#platform/idempotency';
export { codePoints, Field, type Rule } from '#platform/input';
export * from '#platform/openapi';
export { CurrentUser, type Principal, UserId } from '#platform/request';
export { Reply, Returns } from '#platform/response';
