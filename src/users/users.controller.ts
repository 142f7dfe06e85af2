import { Body, Controller, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { PublicWhile, RequirePermissionFor, RequirePermissions, SelfOnly, SelfOr } from '#platform/access';
import { UserAttributes } from '#platform/extensions';
import { WithoutIdempotencyKey } from '#platform/idempotency';
import { MailLanguage } from '#platform/mail';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { Pagination } from '#platform/paging';
import { CurrentUser, IfMatch, type IfMatchCondition, type Principal, requestContext, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { Hashes } from '#passwords';
import { ChangePasswordRequest } from './dto/change-password.request.js';
import { CreateUserRequest, toNewAccount } from './dto/create-user.request.js';
import { ListUsersQuery, toUserListQuery } from './dto/list-users.query.js';
import { toUserUpdate, UpdateUserRequest } from './dto/update-user.request.js';
import { NEW_USER, ONE_USER } from './dto/user.reply.js';
import { UserResponse } from './dto/user.response.js';
import { UserListService } from './user-list.service.js';
import { UserReplies } from './user-replies.js';
import { UserProfilesService } from './user-profiles.service.js';
import { UsersService } from './users.service.js';

@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly profiles: UserProfilesService,
    private readonly userList: UserListService,
    private readonly replies: UserReplies,
    private readonly attributes: UserAttributes,
  ) {}

  @Post()
  @Hashes()
  @PublicWhile(({ registration }) => registration === 'open', 'users:create')
  @MailLanguage()
  @ApiOperation({
    operationId: 'createUser',
    summary: 'Register a user',
    description:
      'Creates an active account. It does not log in. Where mail is sent, it gets a link that verifies the email.',
  })
  @ApiAnswer({
    status: 201,
    description: 'The new user.',
    message: 'User created successfully',
    location: true,
    errors: [409],
    example: { user: NEW_USER },
    ...ONE_USER,
  })
  async create(@Body() request: CreateUserRequest) {
    const { attributes: sent, ...account } = request;
    const attributes = this.attributes.accept(sent, !mayCreate());
    return this.replies.created(await this.users.create(toNewAccount(account, attributes)));
  }

  @Get()
  @RequirePermissions('users:read')
  @RequirePermissionFor('status', 'deleted', 'users:delete')
  @ApiOperation({
    operationId: 'listUsers',
    summary: 'List, filter and search users',
    description:
      'Pages by number, or by the cursors of a page, which cost the same at any depth. All filters must match; an empty one counts as absent.',
  })
  @ApiAnswer({
    status: 200,
    description: 'A page of users.',
    example: { pagination: { currentPage: 1, totalPages: 1, totalItems: 1 } },
    model: UserResponse,
    under: 'users',
    list: true,
    beside: { pagination: Pagination },
  })
  async list(@Query() query: ListUsersQuery) {
    const { attributes: sent, ...others } = query;
    const attributes = this.attributes.acceptFilters(sent);
    const { users, pagination } = await this.userList.page(toUserListQuery(others, attributes));
    return { users: users.map((user) => this.replies.response(user)), pagination };
  }

  @Get(':id')
  @SelfOr('users:read')
  @ApiOperation({
    operationId: 'getUser',
    summary: 'Read a user',
    description: 'The `ETag` names the version, for `If-None-Match` here and `If-Match` in changes.',
  })
  @ApiAnswer({ status: 200, description: 'The user.', ...ONE_USER })
  async get(@UserId() id: string) {
    return this.replies.profile(await this.profiles.get(id));
  }

  @Patch(':id')
  @SelfOr('users:update', 'users:read')
  @MailLanguage()
  @ApiOperation({
    operationId: 'updateUser',
    summary: 'Update a user',
    description:
      "Changes the fields that are sent; `null` clears one. A new email of one's own needs `currentPassword`, and has to be verified again.",
  })
  @ApiAnswer({
    status: 200,
    description: 'The updated user.',
    message: 'User updated successfully',
    errors: [409, 412],
    ...ONE_USER,
  })
  async update(
    @UserId() id: string,
    @Body() request: UpdateUserRequest,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    const { attributes: sent, ...others } = request;
    const attributes = this.attributes.accept(sent, by.userId === id);
    return this.replies.one(await this.users.update(id, toUserUpdate(others, attributes), { by, ifMatch }));
  }

  @Delete(':id')
  @SelfOr('users:delete')
  @ApiOperation({
    operationId: 'deleteUser',
    summary: 'Delete a user',
    description: 'The user can be restored. Ends every session of the user.',
  })
  @ApiAnswer({ status: 204, description: 'Deleted.', errors: [409, 412] })
  async delete(
    @UserId() id: string,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ): Promise<void> {
    await this.users.delete(id, { by, ifMatch });
  }

  @Put(':id/password')
  @Hashes()
  @WithoutIdempotencyKey()
  @SelfOnly()
  @ApiOperation({
    operationId: 'changePassword',
    summary: "Change one's password",
    description: 'Ends every other session of the user.',
  })
  @ApiAnswer({ status: 200, description: 'Changed.', message: 'Password updated successfully' })
  async changePassword(
    @UserId() id: string,
    @Body() { currentPassword, newPassword }: ChangePasswordRequest,
    @CurrentUser() by: Principal,
  ): Promise<void> {
    await this.users.changePassword(id, by, currentPassword, newPassword);
  }
}

/** Who registers is the new user; an administrator who creates another is not. */
function mayCreate(): boolean {
  return requestContext()?.principal?.permissions.has('users:create') === true;
}
