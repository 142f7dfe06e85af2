import { CursorQuery, DEFAULT_LIMIT } from '#platform/paging';
import type { SessionListQuery } from '../session-list.service.js';

export class ListSessionsQuery extends CursorQuery {}

export function toSessionListQuery({ limit, cursor }: ListSessionsQuery): SessionListQuery {
  return { limit: Number(limit ?? DEFAULT_LIMIT), cursor };
}
