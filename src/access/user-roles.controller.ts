import { Body, Controller, Get, Put } from '@nestjs/common';
import { RequirePermissionAndForOthers, SelfOr } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CurrentUser, IfMatch, type IfMatchCondition, type Principal, UserId } from '#platform/request';
import { ApiAnswer } from '#platform/response';
import { ONE_USER, UserReplies } from '#users';
import { AssignRolesRequest } from './dto/assign-roles.request.js';
import { UserPermissionsResponse } from './dto/user-permissions.response.js';
import { UserRolesService } from './user-roles.service.js';

@ApiTags('User administration')
@Controller('users/:id')
export class UserRolesController {
  constructor(
    private readonly userRoles: UserRolesService,
    private readonly replies: UserReplies,
  ) {}

  @Get('permissions')
  @SelfOr('users:read')
  @ApiOperation({
    operationId: 'getUserPermissions',
    summary: "Get a user's roles and permissions",
    description: 'The permissions are those of all roles together.',
  })
  @ApiAnswer({ status: 200, description: 'What the user holds.', model: UserPermissionsResponse })
  async permissions(@UserId() id: string) {
    return this.userRoles.permissionsOf(id);
  }

  @Put('roles')
  @RequirePermissionAndForOthers('roles:assign', 'users:read')
  @ApiOperation({
    operationId: 'setUserRoles',
    summary: "Set a user's roles",
    description: 'A caller cannot grant a permission that they lack. The last active admin stays an admin.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The user. Setting the same roles again changes nothing.',
    example: { user: { roles: ['auditor', 'user'] } },
    errors: [409, 412],
    ...ONE_USER,
  })
  async assign(
    @UserId() id: string,
    @Body() { roles }: AssignRolesRequest,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    return this.replies.one(await this.userRoles.assign(id, roles, { by, ifMatch }));
  }
}
