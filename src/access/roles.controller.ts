import { Body, Controller, Delete, Get, Patch, Post } from '@nestjs/common';
import { RequirePermissions } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { CurrentUser, type Principal } from '#platform/request';
import { Reply, ApiAnswer } from '#platform/response';
import { CreateRoleRequest, toNewRole } from './dto/create-role.request.js';
import { RoleNameParameter } from './dto/role-fields.js';
import { RoleResponse, toRoleResponse } from './dto/role.response.js';
import { toRoleChanges, UpdateRoleRequest } from './dto/update-role.request.js';
import type { Role } from './roles.js';
import { RolesService } from './roles.service.js';

const ONE_ROLE = { model: RoleResponse, under: 'role' } as const;

@ApiTags('Roles')
@Controller('roles')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({
    operationId: 'listRoles',
    summary: 'List all roles',
    description: 'All of them in one answer, the built-in ones included.',
  })
  @ApiAnswer({ status: 200, description: 'The roles, by name.', model: RoleResponse, under: 'roles', list: true })
  async list() {
    return { roles: (await this.roles.list()).map(toRoleResponse) };
  }

  @Get(':name')
  @RequirePermissions('roles:read')
  @ApiOperation({
    operationId: 'getRole',
    summary: 'Read a role',
    description: 'Its permissions hold for every user who has the role.',
  })
  @ApiAnswer({ status: 200, description: 'The role.', ...ONE_ROLE })
  async get(@RoleNameParameter() name: string) {
    return roleReply(await this.roles.get(name));
  }

  @Post()
  @RequirePermissions('roles:manage')
  @ApiOperation({
    operationId: 'createRole',
    summary: 'Create a role',
    description: 'The caller must hold every permission of the new role.',
  })
  @ApiAnswer({ status: 201, description: 'The new role.', location: true, errors: [409], ...ONE_ROLE })
  async create(@Body() request: CreateRoleRequest, @CurrentUser() principal: Principal) {
    return newRoleReply(await this.roles.create(toNewRole(request), principal));
  }

  @Patch(':name')
  @RequirePermissions('roles:manage')
  @ApiOperation({
    operationId: 'updateRole',
    summary: 'Update a role',
    description:
      'The caller must hold every permission that the role has before the change and after it. The change also applies to access tokens already issued, at once.',
  })
  @ApiAnswer({ status: 200, description: 'The updated role.', errors: [409], ...ONE_ROLE })
  async update(
    @RoleNameParameter() name: string,
    @Body() request: UpdateRoleRequest,
    @CurrentUser() principal: Principal,
  ) {
    return roleReply(await this.roles.update(name, toRoleChanges(request), principal));
  }

  @Delete(':name')
  @RequirePermissions('roles:manage')
  @ApiOperation({
    operationId: 'deleteRole',
    summary: 'Delete a role',
    description: 'The caller must hold its permissions, and no user may hold the role.',
  })
  @ApiAnswer({ status: 204, description: 'Deleted.', errors: [409] })
  async delete(@RoleNameParameter() name: string, @CurrentUser() principal: Principal): Promise<void> {
    await this.roles.delete(name, principal);
  }
}

function roleReply(role: Role) {
  return { role: toRoleResponse(role) };
}

function newRoleReply(role: Role): Reply<{ role: RoleResponse }> {
  return new Reply(roleReply(role), { location: `/roles/${role.name}` });
}
