import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import {
  ApiAnswer,
  ApiErrors,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
  ETAG_HEADER,
  LOCATION_HEADER,
} from '#platform/openapi';
import { PublicWhile, RequirePermissionFor, RequirePermissions, SelfOnly, SelfOr } from '#platform/access';
import { Answer, Message } from '#platform/response';
import { CurrentUser, IfMatch, type IfMatchCondition, type Principal, UserId } from '#platform/request';
import { Pagination } from '#platform/paging';
import { ChangePasswordRequest } from './dto/change-password.request.js';
import { CreateUserRequest, toNewAccount } from './dto/create-user.request.js';
import { ListUsersQuery, toUserListQuery } from './dto/list-users.query.js';
import { toUserChanges, UpdateUserRequest } from './dto/update-user.request.js';
import { ApiUserAnswer, IfMatchHeader, userAnswer, UserIdParam } from './dto/user.answer.js';
import { toUserResponse, UserResponse } from './dto/user.response.js';
import type { User } from './user.js';
import { UserListService } from './user-list.service.js';
import { UserProfilesService } from './user-profiles.service.js';
import { UsersService } from './users.service.js';

@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly profiles: UserProfilesService,
    private readonly userList: UserListService,
  ) {}

  @Post()
  @PublicWhile(({ registration }) => registration === 'open', 'users:create')
  @Message('User created successfully')
  @ApiOperation({ summary: 'Register a user' })
  @ApiUserAnswer({
    status: 201,
    description: 'The new user.',
    message: 'User created successfully',
    headers: LOCATION_HEADER,
  })
  @ApiErrors(409)
  async create(@Body() request: CreateUserRequest) {
    return created(await this.users.create(toNewAccount(request)));
  }

  @Get()
  @RequirePermissions('users:read')
  @RequirePermissionFor('status', 'deleted', 'users:delete')
  @ApiOperation({ summary: 'List, filter and search users' })
  @ApiAnswer({
    status: 200,
    description: 'A page of users.',
    under: 'users',
    model: UserResponse,
    list: true,
    beside: { pagination: Pagination },
  })
  async list(@Query() query: ListUsersQuery) {
    const { users, pagination } = await this.userList.page(toUserListQuery(query));
    return { users: users.map(toUserResponse), pagination };
  }

  @Get(':id')
  @SelfOr('users:read')
  @UserIdParam()
  @ApiOperation({ summary: 'Read a user' })
  @ApiUserAnswer({ status: 200, description: 'The user.' })
  @ApiResponse({ status: 304, description: 'The version of `If-None-Match` is the current one.', headers: ETAG_HEADER })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag of a copy at hand.' })
  async get(@UserId() id: string) {
    const { user, version } = await this.profiles.get(id);
    return new Answer({ user }, { version, cacheControl: 'private, no-cache' });
  }

  @Patch(':id')
  @SelfOr('users:update')
  @UserIdParam()
  @Message('User updated successfully')
  @ApiOperation({ summary: 'Update a user' })
  @ApiUserAnswer({ status: 200, description: 'The updated user.', message: 'User updated successfully' })
  @ApiErrors(409, 412)
  @IfMatchHeader()
  async update(
    @UserId() id: string,
    @Body() request: UpdateUserRequest,
    @CurrentUser() principal: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    const bySelf = principal.userId === id;
    const { currentPassword } = request;
    return userAnswer(await this.users.update(id, toUserChanges(request), { bySelf, currentPassword, ifMatch }));
  }

  @Delete(':id')
  @HttpCode(204)
  @SelfOr('users:delete')
  @UserIdParam()
  @ApiOperation({ summary: 'Delete a user', description: 'Soft; ends every session of the user.' })
  @ApiAnswer({ status: 204, description: 'Deleted.' })
  @ApiErrors(409, 412)
  @IfMatchHeader()
  async delete(@UserId() id: string, @IfMatch() ifMatch: IfMatchCondition | undefined): Promise<void> {
    await this.users.delete(id, ifMatch);
  }

  @Put(':id/password')
  @SelfOnly()
  @UserIdParam()
  @Message('Password updated successfully')
  @ApiOperation({ summary: "Change one's password", description: 'Ends every other session of the user.' })
  @ApiAnswer({ status: 200, description: 'Changed.', message: 'Password updated successfully' })
  async changePassword(
    @UserId() id: string,
    @Body() { currentPassword, newPassword }: ChangePasswordRequest,
    @CurrentUser() { sessionId }: Principal,
  ): Promise<void> {
    await this.users.changePassword(id, sessionId, currentPassword, newPassword);
  }
}

function created(user: User): Answer<{ user: UserResponse }> {
  return new Answer({ user: toUserResponse(user) }, { version: user.version, location: `/users/${user.id}` });
}
