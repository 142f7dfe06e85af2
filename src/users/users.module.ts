import { Module } from '@nestjs/common';
import { UserList } from './user-list.js';
import { UserProfiles } from './user-profiles.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController],
  providers: [UsersService, UsersRepository, UserProfiles, UserList],
  exports: [UsersService],
})
export class UsersModule {}
