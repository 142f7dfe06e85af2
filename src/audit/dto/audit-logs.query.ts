import { fault } from '#platform/errors';
import { AUDIT_OUTCOMES } from '#platform/events';
import { anyText, Filter, oneOf, type Rule, TIME_SCHEMA, timeWithZone, toTime } from '#platform/input';
import { CursorField, LimitField, toPageRequest } from '#platform/paging';
import { isUuid } from '#platform/request';
import type { AuditFilters } from '../audit-entries.repository.js';
import type { AuditQuery } from '../audit-log.service.js';

const MAX_LENGTH = 255;

/** Filters of audit entries. */
export class AuditFiltersQuery {
  @Filter(uuid('actorId'), { format: 'uuid', maxLength: 36, description: 'The id of the actor.' })
  actorId?: string;

  @Filter(anyText('targetId', MAX_LENGTH), {
    type: String,
    maxLength: MAX_LENGTH,
    description: 'The id of the target.',
  })
  targetId?: string;

  @Filter(anyText('action', MAX_LENGTH), {
    type: String,
    maxLength: MAX_LENGTH,
    description: 'The action, such as `user.updated`.',
  })
  action?: string;

  @Filter(oneOf('outcome', AUDIT_OUTCOMES), { enum: AUDIT_OUTCOMES })
  outcome?: string;

  @Filter(timeWithZone('from'), { ...TIME_SCHEMA, description: 'Not before then.' })
  from?: string;

  @Filter(timeWithZone('to'), { ...TIME_SCHEMA, description: 'Before then.' })
  to?: string;

  @Filter(anyText('requestId', MAX_LENGTH), {
    type: String,
    maxLength: MAX_LENGTH,
    description: 'An X-Request-Id.',
  })
  requestId?: string;
}

/** Filters of audit entries, and the page. */
export class ListAuditLogsQuery extends AuditFiltersQuery {
  @LimitField()
  limit?: string;

  @CursorField()
  cursor?: string;
}

export class VerifyAuditLogsQuery {
  @CursorField()
  cursor?: string;
}

export function toAuditFilters(query: AuditFiltersQuery): AuditFilters {
  const { actorId, targetId, action, outcome, from, to, requestId } = query;
  return {
    actorId: actorId?.toLowerCase(),
    targetId: targetId !== undefined && isUuid(targetId) ? targetId.toLowerCase() : targetId,
    action,
    outcome,
    requestId,
    from: from === undefined ? undefined : toTime(from),
    to: to === undefined ? undefined : toTime(to),
  };
}

export function toAuditQuery(query: ListAuditLogsQuery): AuditQuery {
  return { filters: toAuditFilters(query), ...toPageRequest(query) };
}

function uuid(name: string): Rule {
  return (value) =>
    typeof value === 'string' && isUuid(value) ? undefined : fault('format', `${name} must be a UUID`);
}
