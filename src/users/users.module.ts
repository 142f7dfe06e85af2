import { Module, type OnModuleInit } from '@nestjs/common';
import { PermissionRegistry } from '#platform/access';
import { KnownDevicesService } from './known-devices.service.js';
import { EmailVerificationsService } from './email-verifications.service.js';
import { InvitationsService } from './invitations.service.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import { OneTimeTokensSweeper } from './one-time-tokens-sweeper.js';
import { PasswordResetsService } from './password-resets.service.js';
import { SearchTextsService } from './search-texts.service.js';
import { UserListService } from './user-list.service.js';
import { UserReplies } from './user-replies.js';
import { UserProfilesService } from './user-profiles.service.js';
import { UserAdministrationController } from './user-administration.controller.js';
import { UserAdministrationService } from './user-administration.service.js';
import { UserSearchService } from './user-search.service.js';
import { UserTotalsService } from './user-totals.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController, UserAdministrationController],
  providers: [
    UsersService,
    UsersRepository,
    UserProfilesService,
    UserReplies,
    UserListService,
    UserSearchService,
    UserTotalsService,
    SearchTextsService,
    UserAdministrationService,
    KnownDevicesService,
    OneTimeTokensService,
    OneTimeTokensRepository,
    OneTimeTokensSweeper,
    PasswordResetsService,
    EmailVerificationsService,
    InvitationsService,
  ],
  exports: [
    UsersService,
    UserReplies,
    OneTimeTokensService,
    PasswordResetsService,
    EmailVerificationsService,
    InvitationsService,
    UserTotalsService,
    SearchTextsService,
  ],
})
export class UsersModule implements OnModuleInit {
  constructor(private readonly permissions: PermissionRegistry) {}

  onModuleInit(): void {
    this.permissions.declare({
      'users:create': 'Create users where registration is closed',
      'users:read': 'Read and list any user',
      'users:update': "Update any user and set its status; verify other users' emails and reset their passwords",
      'users:delete': 'Delete and restore any user, and list deleted ones',
    });
  }
}
