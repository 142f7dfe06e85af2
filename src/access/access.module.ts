import { Module, type OnModuleInit } from '@nestjs/common';
import { AuditActions } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import { UsersModule } from '#users';
import { FirstAdmin } from './first-admin.js';
import { Hierarchy } from './hierarchy.js';
import { LastAdmin } from './last-admin.js';
import { PermissionsController } from './permissions.controller.js';
import { RolePermissions } from './role-permissions.js';
import { ROLE_ACTIONS } from './roles.events.js';
import { RolesController } from './roles.controller.js';
import { RolesRepository } from './roles.repository.js';
import { RolesService } from './roles.service.js';
import { UserRolesController } from './user-roles.controller.js';
import { UserRoles } from './user-roles.service.js';

@Module({
  imports: [UsersModule],
  controllers: [RolesController, PermissionsController, UserRolesController],
  providers: [FirstAdmin, Hierarchy, LastAdmin, RolePermissions, RolesRepository, RolesService, UserRoles],
  exports: [FirstAdmin, RolePermissions],
})
export class AccessModule implements OnModuleInit {
  constructor(
    private readonly permissions: PermissionRegistry,
    private readonly actions: AuditActions,
  ) {}

  onModuleInit(): void {
    this.actions.declare(...ROLE_ACTIONS);
    this.permissions.declare({
      'roles:read': 'Read roles and permissions',
      'roles:manage': 'Create, change and delete roles',
      'roles:assign': 'Say which roles a user holds',
    });
  }
}
