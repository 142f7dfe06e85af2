export { AccessModule } from './access.module.js';
export { FirstAdminService } from './first-admin.service.js';
export { RoleNames } from './dto/role-fields.js';
export { RolePermissionsService } from './role-permissions.service.js';
export { ADMIN_ROLE, type Role, USER_ROLE } from './roles.js';
export * from './roles.events.js';
