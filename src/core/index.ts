// What an extension builds on. A change of what stands here is a change of the extension API.
export { AuditModule, AuditRecorder, type AuditRecord, AuditSink, AuditSinks } from '#audit';
export { SessionsEnded, SessionStarted } from '#auth';
export {
  Authenticated,
  OthersOnly,
  PermissionRegistry,
  Public,
  RequirePermissions,
  SelfOnly,
  SelfOr,
} from '#platform/access';
export type { Job } from '#platform/background';
export { Cache } from '#platform/cache';
export { Prisma, PrismaService, uuidV7 } from '#platform/database';
export {
  ConflictError,
  DomainError,
  DuplicateError,
  type ErrorCode,
  type Fault,
  fault,
  type FieldFault,
  ForbiddenError,
  NotFoundError,
  type OwnError,
  PreconditionFailedError,
  ServiceUnavailableError,
  StartupError,
  TooManyRequestsError,
  UnauthorizedError,
  ValidationError,
} from '#platform/errors';
export {
  type AuditAction,
  AuditedEvent,
  AuditedFailure,
  type AuditFacts,
  changesBetween,
  EventBus,
  type Transaction,
  Transactions,
  UndeliverableError,
} from '#platform/events';
export {
  attribute,
  type AttributeDefinition,
  type Claim,
  defineExtension,
  type ExtensionDefinition,
  type ExtensionUser,
  type Health,
  type LoginRule,
  type PersonalData,
  type PasswordRule,
} from '#platform/extensions';
export { WithoutIdempotencyKey } from '#platform/idempotency';
export { Mails, type NewMail } from '#platform/mail';
export { codePoints, Field, oneOf, type Rule, textOf } from '#platform/input';
export {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
} from '#platform/openapi';
export {
  CursorPages,
  CursorQuery,
  type PagedList,
  PageQuery,
  type PageRequest,
  Pagination,
  toPageRequest,
} from '#platform/paging';
export {
  CurrentUser,
  type Entity,
  Id,
  IfMatch,
  type IfMatchCondition,
  type Principal,
  requestContext,
  UserId,
} from '#platform/request';
export { ApiAnswer, ApiErrors, Reply } from '#platform/response';
export { login, register, startApp, type TestApp } from '#testing';
export {
  BeforeUserChange,
  emailRule,
  type User,
  UserCreated,
  UserDeleted,
  UserInvitationAccepted,
  UserInvited,
  UserPasswordChanged,
  UserRolesChanged,
  UsersModule,
  UsersService,
  UserStatusChanged,
  UserUpdated,
} from '#users';
