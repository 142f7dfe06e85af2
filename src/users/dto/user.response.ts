import { ApiProperty, ApiPropertyOptional } from '#platform/openapi';
import { type ProfileJson, toProfileJson } from '../profile-fields.js';
import { type User, USER_STATUSES } from '../user.js';

/** What clients see of an account, and all that they see. */
export class UserResponse implements ProfileJson {
  @ApiProperty({ format: 'uuid', description: 'UUIDv7', example: '01931b8e-3c5a-7cc1-9d0e-2f6b8a4d1e37' })
  id!: string;

  @ApiProperty({ example: 'adalovelace' })
  username!: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  email!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada' })
  firstName!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Lovelace' })
  lastName!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '+441632960001' })
  phoneNumber!: string | null;

  @ApiProperty({ type: String, format: 'date', nullable: true, example: '1815-12-10' })
  dateOfBirth!: string | null;

  @ApiProperty({ type: String, format: 'uri', nullable: true, example: 'https://example.com/ada.png' })
  profilePictureUrl!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Writes programs for the Analytical Engine.' })
  bio!: string | null;

  @ApiProperty({ enum: USER_STATUSES, example: 'active' })
  status!: string;

  @ApiProperty({ description: 'True only for the status active.', example: true })
  isActive!: boolean;

  @ApiProperty({ example: true })
  emailVerified!: boolean;

  @ApiProperty({ type: [String], description: 'Sorted.', example: ['user'] })
  roles!: string[];

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-23T19:00:24.552Z' })
  lastLogin!: string | null;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'In lists of deleted users only.' })
  deletedAt?: string;

  /** Of extensions; the API description lists what there is. */
  attributes?: Readonly<Record<string, string | number | boolean | null>>;
}

export function toUserResponse(user: User): UserResponse {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    ...toProfileJson(user),
    status: user.status,
    isActive: user.status === 'active',
    emailVerified: user.emailVerified,
    roles: user.roles.toSorted(),
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
    lastLogin: user.lastLogin?.toISOString() ?? null,
    ...(user.deletedAt === null ? {} : { deletedAt: user.deletedAt.toISOString() }),
  };
}
