import { AUDIT_OUTCOMES, type AuditChanges, type AuditOutcome } from '#platform/events';
import { ApiProperty } from '#platform/openapi';
import { AUDIT_ACTION } from './audit-action.js';
import { ACTOR_TYPES, type AuditEntry } from '../audit-entry.js';

const HASH_EXAMPLE = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

class AuditActorResponse {
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  id!: string | null;

  @ApiProperty({ enum: ACTOR_TYPES, example: 'user' })
  type!: AuditEntry['actor']['type'];

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  sessionId!: string | null;
}

class AuditTargetResponse {
  @ApiProperty({ example: 'user' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, example: '01931b8e-3c5a-7cc1-9d0e-2f6b8a4d1e37' })
  id!: string | null;
}

/** An act that happened or was refused. */
export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiProperty({ ...AUDIT_ACTION, example: 'user.updated' })
  action!: string;

  @ApiProperty({ enum: AUDIT_OUTCOMES })
  outcome!: AuditOutcome;

  @ApiProperty({ type: AuditActorResponse })
  actor!: AuditActorResponse;

  @ApiProperty({ type: AuditTargetResponse })
  target!: AuditTargetResponse;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  ip!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0' })
  userAgent!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'aba129e9-7b1f-4561-b829-8dcbbbd3c034' })
  requestId!: string | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    description: 'The fields that changed.',
    example: {
      bio: { before: null, after: 'Writes programs for the Analytical Engine.' },
      profilePictureUrl: { before: null, after: 'https://example.com/ada.png' },
    },
    additionalProperties: { type: 'object', properties: { before: {}, after: {} } },
  })
  changes!: AuditChanges | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'What the caller gave as the reason, or the permission or rule that was missing.',
  })
  reason!: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'More than 1 where repeats of a failure were folded, or several sessions ended at once.',
  })
  count!: number;
}

class LinkResponse {
  @ApiProperty({ description: 'The month, which has a chain of its own.' })
  month!: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  sequence!: number;

  @ApiProperty({ description: 'SHA-256, in hexadecimal.' })
  hash!: string;
}

/** A line of an export. */
export class ExportedEntryResponse extends AuditEntryResponse {
  @ApiProperty({
    type: LinkResponse,
    nullable: true,
    example: { month: '2026-11', sequence: 7, hash: HASH_EXAMPLE },
    description: 'Its place in the hash chain; `null` while it is not linked yet.',
  })
  link!: LinkResponse | null;
}

export function toAuditEntryResponse(entry: AuditEntry): AuditEntryResponse {
  const { id, time, action, outcome, actor, target, ip, userAgent, requestId, changes, reason, count } = entry;
  return { id, time, action, outcome, actor, target, ip, userAgent, requestId, changes, reason, count };
}
