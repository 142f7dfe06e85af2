import { Injectable } from '@nestjs/common';
import { CursorPages, newestFirst, type PageRequest, type Pagination } from '#platform/paging';
import { UsersService } from '#users';
import type { SessionEntry } from './session.js';
import { SessionsRepository } from './sessions.repository.js';

export interface SessionPage {
  readonly sessions: SessionEntry[];
  readonly pagination: Pagination;
}

/** Lists the live sessions of a user, the newest first. */
@Injectable()
export class SessionListService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly users: UsersService,
    private readonly pages: CursorPages,
  ) {}

  /** @throws UserNotFoundError, ValidationError for a cursor that another list gave */
  async page(userId: string, query: PageRequest): Promise<SessionPage> {
    const list = {
      identity: ['sessions', userId],
      limit: query.limit,
      sortKeyOf: (session: SessionEntry) => session.createdAt.toISOString(),
    };
    const cursor = query.cursor === undefined ? undefined : this.pages.read(query.cursor, list);
    const found = await this.sessions.list(userId, newestFirst('created_at', cursor), query.limit + 1);
    // Callers always have a session, so an empty list is another user's, who may not exist.
    if (found.length === 0) await this.users.get(userId);
    const { rows, pagination } = this.pages.cut(found, cursor, list);
    return { sessions: rows, pagination };
  }
}
