import { type Api, idempotencyKey } from '../api.js';
import { endOtherSessions, endSession, listSessions } from '../generated/sdk.gen.js';
import { paged } from '../paging.js';
import type { UserSession } from '../types.js';

/** The sessions of users. A `userId` is a user's UUID, or `me`. */
export class Sessions {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists the sessions of a user. */
  list(userId: string): AsyncGenerator<UserSession, void, undefined> {
    return paged('sessions', (cursor) =>
      listSessions({ ...this.api.session, path: { id: userId }, query: { limit: 100, cursor } }),
    );
  }

  /** Ends a session. @throws NotFoundError */
  async end(userId: string, sessionId: string): Promise<void> {
    await endSession({ ...this.api.session, path: { id: userId, sessionId }, headers: idempotencyKey() });
  }

  /** Ends every session of a user but the caller's own. */
  async endOthers(userId: string): Promise<void> {
    await endOtherSessions({ ...this.api.session, path: { id: userId }, headers: idempotencyKey() });
  }
}
