import { AUDIT_OUTCOMES, type AuditChanges, type AuditOutcome } from '#platform/events';
import { ApiProperty } from '#platform/openapi';
import { ACTOR_TYPES, type AuditEntry } from '../audit-entry.js';

class AuditActorResponse {
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  id!: string | null;

  @ApiProperty({ enum: ACTOR_TYPES })
  type!: AuditEntry['actor']['type'];

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  sessionId!: string | null;
}

class AuditTargetResponse {
  @ApiProperty({ example: 'user' })
  type!: string;

  @ApiProperty({ type: String, nullable: true })
  id!: string | null;
}

/** An act that happened or was refused. */
export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiProperty({ example: 'user.updated' })
  action!: string;

  @ApiProperty({ enum: AUDIT_OUTCOMES })
  outcome!: AuditOutcome;

  @ApiProperty({ type: AuditActorResponse })
  actor!: AuditActorResponse;

  @ApiProperty({ type: AuditTargetResponse })
  target!: AuditTargetResponse;

  @ApiProperty({ type: String, nullable: true })
  ip!: string | null;

  @ApiProperty({ type: String, nullable: true })
  userAgent!: string | null;

  @ApiProperty({ type: String, nullable: true })
  requestId!: string | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    description: 'The fields that changed.',
    additionalProperties: { type: 'object', properties: { before: {}, after: {} } },
  })
  changes!: AuditChanges | null;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'More than 1 where repeats of a failure were folded, or several sessions ended at once.',
  })
  count!: number;
}

export function toAuditEntryResponse(entry: AuditEntry): AuditEntryResponse {
  const { id, time, action, outcome, actor, target, ip, userAgent, requestId, changes, reason, count } = entry;
  return { id, time, action, outcome, actor, target, ip, userAgent, requestId, changes, reason, count };
}
