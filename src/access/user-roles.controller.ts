import { Body, Controller, Put } from '@nestjs/common';
import { RequirePermissionAndForOthers } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CurrentUser, IfMatch, type IfMatchCondition, type Principal, UserId } from '#platform/request';
import { Returns } from '#platform/response';
import { ONE_USER, userReply } from '#users';
import { AssignRolesRequest } from './dto/assign-roles.request.js';
import { UserRolesService } from './user-roles.service.js';

@ApiTags('User administration')
@Controller('users/:id/roles')
export class UserRolesController {
  constructor(private readonly userRoles: UserRolesService) {}

  @Put()
  @RequirePermissionAndForOthers('roles:assign', 'users:read')
  @ApiOperation({
    summary: "Set a user's roles",
    description: 'A caller cannot grant a permission that they lack. The last active admin stays an admin.',
  })
  @Returns({
    status: 200,
    description: 'The user. Setting the same roles again changes nothing.',
    errors: [409, 412],
    ...ONE_USER,
  })
  async assign(
    @UserId() id: string,
    @Body() { roles }: AssignRolesRequest,
    @CurrentUser() by: Principal,
    @IfMatch() ifMatch: IfMatchCondition | undefined,
  ) {
    return userReply(await this.userRoles.assign(id, roles, { by, ifMatch }));
  }
}
