import { Module, type OnModuleInit } from '@nestjs/common';
import { PermissionRegistry } from '#platform/access';
import { UsersModule } from '#users';
import { FirstAdminService } from './first-admin.service.js';
import { HierarchyRule } from './hierarchy.rule.js';
import { LastAdminRule } from './last-admin.rule.js';
import { PermissionsController } from './permissions.controller.js';
import { RolePermissionsService } from './role-permissions.service.js';
import { RolesController } from './roles.controller.js';
import { RolesRepository } from './roles.repository.js';
import { RolesService } from './roles.service.js';
import { UserRolesController } from './user-roles.controller.js';
import { UserRolesService } from './user-roles.service.js';

@Module({
  imports: [UsersModule],
  controllers: [RolesController, PermissionsController, UserRolesController],
  providers: [
    FirstAdminService,
    HierarchyRule,
    LastAdminRule,
    RolePermissionsService,
    RolesRepository,
    RolesService,
    UserRolesService,
  ],
  exports: [FirstAdminService, RolePermissionsService],
})
export class AccessModule implements OnModuleInit {
  constructor(private readonly permissions: PermissionRegistry) {}

  onModuleInit(): void {
    this.permissions.declare({
      'roles:read': 'Read roles and permissions',
      'roles:manage': 'Create, change and delete roles',
      'roles:assign': 'Say which roles a user holds',
    });
  }
}
