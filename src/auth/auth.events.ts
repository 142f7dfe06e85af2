import type { EndReason } from './session.js';

/** What the guard knows of these sessions is outdated; they go on. */
export class SessionStatesOutdated {
  constructor(readonly sessionIds: readonly string[]) {}
}

/** Sessions of a user that are over: no token of theirs is good any more. */
export class SessionsEnded {
  constructor(
    readonly userId: string,
    readonly sessionIds: readonly string[],
    readonly reason: EndReason,
  ) {}
}

/** A refresh token came back that had been exchanged long ago or twice over: it was stolen, and its session has ended. */
export class RefreshTokenReused {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
  ) {}
}
