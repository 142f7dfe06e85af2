import { ApiProperty } from '#platform/openapi';
import type { Role } from '../roles.js';

export class RoleResponse {
  @ApiProperty({ example: 'support' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Answers the phone' })
  description!: string | null;

  @ApiProperty({ type: [String], description: 'Sorted.', example: ['users:read'] })
  permissions!: string[];

  @ApiProperty({ description: 'Built-in roles cannot be changed or deleted.', example: false })
  builtIn!: boolean;
}

export function toRoleResponse({ name, description, permissions, builtIn }: Role): RoleResponse {
  return { name, description, permissions: permissions.toSorted(), builtIn };
}
