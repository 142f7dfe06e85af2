import { ApiProperty } from '#platform/openapi';
import type { Role } from '../roles.js';

export class RoleResponse {
  @ApiProperty({ example: 'auditor' })
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  description!: string | null;

  @ApiProperty({ type: [String], description: 'Sorted.', example: ['audit:read', 'users:read'] })
  permissions!: string[];

  @ApiProperty({ description: 'Built-in roles cannot be changed or deleted.' })
  builtIn!: boolean;
}

export function toRoleResponse({ name, description, permissions, builtIn }: Role): RoleResponse {
  return { name, description, permissions: permissions.toSorted(), builtIn };
}
