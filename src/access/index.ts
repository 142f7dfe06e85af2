export { AccessModule } from './access.module.js';
export { FirstAdmin } from './first-admin.js';
export { ROLE_PERMISSIONS_KEY, RolePermissions } from './role-permissions.js';
export { ADMIN_ROLE, type Role, USER_ROLE } from './roles.js';
export * from './roles.events.js';
