import { Controller, Get } from '@nestjs/common';
import { PermissionRegistry, RequirePermissions } from '#platform/access';
import { ApiAnswer, ApiOperation, ApiTags } from '#platform/openapi';
import { PermissionResponse } from './dto/permission.response.js';

@ApiTags('Roles')
@Controller('permissions')
export class PermissionsController {
  constructor(private readonly permissions: PermissionRegistry) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({ summary: 'List every permission there is' })
  @ApiAnswer({
    status: 200,
    description: 'The permissions, by name.',
    under: 'permissions',
    model: PermissionResponse,
    list: true,
  })
  list() {
    return { permissions: this.permissions.list() satisfies PermissionResponse[] };
  }
}
