/** What the guard knows of these sessions is outdated; they go on. */
export class SessionStatesOutdated {
  constructor(readonly sessionIds: readonly string[]) {}
}

/** Sessions that are over: no token of theirs is good any more. */
export class SessionsEnded {
  constructor(readonly sessionIds: readonly string[]) {}
}
