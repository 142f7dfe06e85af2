import { Module, type OnModuleInit } from '@nestjs/common';
import { AuditActions } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import { PasswordResetsRepository } from './password-resets.repository.js';
import { PasswordResets } from './password-resets.service.js';
import { UserList } from './user-list.js';
import { UserProfiles } from './user-profiles.js';
import { UserStatesController } from './user-states.controller.js';
import { UserStates } from './user-states.service.js';
import { USER_ACTIONS } from './users.events.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController, UserStatesController],
  providers: [
    UsersService,
    UsersRepository,
    UserProfiles,
    UserList,
    UserStates,
    PasswordResets,
    PasswordResetsRepository,
  ],
  exports: [UsersService, PasswordResets],
})
export class UsersModule implements OnModuleInit {
  constructor(
    private readonly permissions: PermissionRegistry,
    private readonly actions: AuditActions,
  ) {}

  onModuleInit(): void {
    this.actions.declare(...USER_ACTIONS);
    this.permissions.declare({
      'users:create': 'Create users where registration is closed',
      'users:read': 'Read and list any user',
      'users:update': 'Update any user, set its status, verify its email and reset its password',
      'users:delete': 'Delete and restore any user, and list deleted ones',
    });
  }
}
