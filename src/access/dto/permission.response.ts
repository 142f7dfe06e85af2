import { ApiProperty } from '#platform/openapi';

export class PermissionResponse {
  @ApiProperty({ example: 'users:read' })
  name!: string;

  @ApiProperty({ description: 'What it lets its holder do.', example: 'Read and list any user' })
  description!: string;
}
