export { type Client, type ClientOptions, createClient } from './client.js';
export {
  ApiError,
  ClientError,
  ConflictError,
  ConnectionError,
  type FieldFault,
  ForbiddenError,
  NotFoundError,
  PreconditionFailedError,
  RateLimitError,
  type Refusal,
  StorageError,
  UnauthorizedError,
  type UnauthorizedReason,
  UnexpectedResponseError,
  ValidationError,
} from './errors.js';
export type { Audit } from './resources/audit.js';
export type { Auth } from './resources/auth.js';
export type { Health } from './resources/health.js';
export type { Keys } from './resources/keys.js';
export type { Permissions } from './resources/permissions.js';
export type { Roles } from './resources/roles.js';
export type { Sessions } from './resources/sessions.js';
export type { Users } from './resources/users.js';
export type { TokenStorage } from './storage.js';
export type {
  AcceptedInvitation,
  AuditEntry,
  AuditFilters,
  AuditVerification,
  ChangeOptions,
  Credentials,
  EmailVerification,
  Health as HealthReport,
  HistoryOptions,
  Invitation,
  IssuedPasswordReset,
  NewRole,
  NewUser,
  PasswordChange,
  PasswordReset,
  PasswordResetRequest,
  Permission,
  Probe,
  PublicKey,
  Role,
  RoleChanges,
  SettableStatus,
  User,
  UserChanges,
  UserFilters,
  UserPermissions,
  UserSession,
  VersionedUser,
} from './types.js';
