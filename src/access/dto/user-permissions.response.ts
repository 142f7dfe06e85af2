import { ApiProperty } from '#platform/openapi';

export class UserPermissionsResponse {
  @ApiProperty({ description: 'Sorted.', example: ['auditor', 'user'] })
  roles!: string[];

  @ApiProperty({ description: 'What the roles hold together, sorted.', example: ['audit:read', 'users:read'] })
  permissions!: string[];
}
