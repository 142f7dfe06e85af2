import { ApiProperty } from '#platform/openapi';
import { ONE_TIME_TOKEN_EXAMPLE } from './user-fields.js';
import type { PasswordResetToken } from '../password-resets.service.js';

export class PasswordResetResponse {
  @ApiProperty({
    description: 'For one use at /auth/reset-password; shown this once.',
    example: ONE_TIME_TOKEN_EXAMPLE,
  })
  resetToken!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  expiresAt!: string;
}

export function toPasswordResetResponse({ resetToken, expiresAt }: PasswordResetToken): PasswordResetResponse {
  return { resetToken, expiresAt: expiresAt.toISOString() };
}
