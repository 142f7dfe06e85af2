import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { RequirePermissions } from '#platform/access';
import { Answer } from '#platform/response';
import { ApiAnswer, ApiErrors, ApiOperation, ApiParam, ApiTags, LOCATION_HEADER } from '#platform/openapi';
import { CurrentUser, type Principal } from '#platform/request';
import { CreateRoleRequest, toNewRole } from './dto/create-role.request.js';
import { RoleResponse, toRoleResponse } from './dto/role.response.js';
import { toRoleChanges, UpdateRoleRequest } from './dto/update-role.request.js';
import { RoleNamePipe } from './role-name.pipe.js';
import type { Role } from './roles.js';
import { RolesService } from './roles.service.js';

const oneRole = { under: 'role', model: RoleResponse };
const roleNameParam = ApiParam({ name: 'name', schema: { type: 'string' } });

@ApiTags('Roles')
@Controller('roles')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({ summary: 'List all roles' })
  @ApiAnswer({ status: 200, description: 'The roles, by name.', under: 'roles', model: RoleResponse, list: true })
  async list() {
    return { roles: (await this.roles.list()).map(toRoleResponse) };
  }

  @Get(':name')
  @RequirePermissions('roles:read')
  @roleNameParam
  @ApiOperation({ summary: 'Read a role' })
  @ApiAnswer({ status: 200, description: 'The role.', ...oneRole })
  async get(@Param('name', RoleNamePipe) name: string) {
    return roleAnswer(await this.roles.get(name));
  }

  @Post()
  @RequirePermissions('roles:manage')
  @ApiOperation({ summary: 'Create a role', description: 'Of permissions that one holds oneself.' })
  @ApiAnswer({ status: 201, description: 'The new role.', headers: LOCATION_HEADER, ...oneRole })
  @ApiErrors(409)
  async create(@Body() request: CreateRoleRequest, @CurrentUser() principal: Principal) {
    return created(await this.roles.create(toNewRole(request), principal));
  }

  @Patch(':name')
  @RequirePermissions('roles:manage')
  @roleNameParam
  @ApiOperation({
    summary: 'Update a role',
    description: 'By who holds every permission that it holds, before and after. Running tokens follow at once.',
  })
  @ApiAnswer({ status: 200, description: 'The updated role.', ...oneRole })
  @ApiErrors(409)
  async update(
    @Param('name', RoleNamePipe) name: string,
    @Body() request: UpdateRoleRequest,
    @CurrentUser() principal: Principal,
  ) {
    return roleAnswer(await this.roles.update(name, toRoleChanges(request), principal));
  }

  @Delete(':name')
  @HttpCode(204)
  @RequirePermissions('roles:manage')
  @roleNameParam
  @ApiOperation({ summary: 'Delete a role', description: 'That nobody holds, and that holds nothing one lacks.' })
  @ApiAnswer({ status: 204, description: 'Deleted.' })
  @ApiErrors(409)
  async delete(@Param('name', RoleNamePipe) name: string, @CurrentUser() principal: Principal): Promise<void> {
    await this.roles.delete(name, principal);
  }
}

function roleAnswer(role: Role) {
  return { role: toRoleResponse(role) };
}

function created(role: Role): Answer<{ role: RoleResponse }> {
  return new Answer(roleAnswer(role), { location: `/roles/${role.name}` });
}
