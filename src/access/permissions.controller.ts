import { Controller, Get } from '@nestjs/common';
import { PermissionRegistry, RequirePermissions } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { ApiAnswer } from '#platform/response';
import { PermissionResponse } from './dto/permission.response.js';

@ApiTags('Roles')
@Controller('permissions')
export class PermissionsController {
  constructor(private readonly permissions: PermissionRegistry) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({
    operationId: 'listPermissions',
    summary: 'List every permission there is',
    description: 'Those of the core and of extensions, which roles may hold.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The permissions, by name.',
    model: PermissionResponse,
    under: 'permissions',
    list: true,
  })
  list() {
    return { permissions: this.permissions.list() satisfies PermissionResponse[] };
  }
}
