import { ApiProperty } from '#platform/openapi';
import type { SessionEntry } from '../session.js';

/** One login of a user. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The address that logged in.', example: '203.0.113.7' })
  ip!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What it called itself.', example: 'Mozilla/5.0' })
  userAgent!: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'The login, or the latest refresh.' })
  lastUsedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'The end, unless it is refreshed before.' })
  expiresAt!: string;

  @ApiProperty({ description: "Whether this is the caller's own session.", example: true })
  current!: boolean;
}

/** @param currentId the session that asks */
export function toSessionResponse(session: SessionEntry, currentId: string): SessionResponse {
  return {
    id: session.id,
    ip: session.ip,
    userAgent: session.userAgent,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    current: session.id === currentId,
  };
}
