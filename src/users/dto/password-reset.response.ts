import { ApiProperty } from '#platform/openapi';
import type { PasswordResetToken } from '../password-resets.service.js';

export class PasswordResetResponse {
  @ApiProperty({ description: 'For one use at /auth/reset-password; shown this once.' })
  resetToken!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  expiresAt!: string;
}

export function toPasswordResetResponse({ resetToken, expiresAt }: PasswordResetToken): PasswordResetResponse {
  return { resetToken, expiresAt: expiresAt.toISOString() };
}
