export { AccessCheck } from './access-check.js';
export { AccessDenied } from './access-denied.event.js';
export {
  ACCESS_RULE,
  type AccessRule,
  Authenticated,
  AuthenticatedOrByCookie,
  EXTRA_PERMISSIONS,
  OthersOnly,
  Public,
  PublicWhile,
  type QueryPermission,
  RequirePermissionAndForOthers,
  RequirePermissionFor,
  RequirePermissions,
  SelfOnly,
  SelfOr,
} from './access-rule.js';
export { PermissionRegistry } from './permission-registry.js';
