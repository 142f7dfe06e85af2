/** Sessions that are over: no token of theirs is good any more. */
export class SessionsEnded {
  constructor(readonly sessionIds: readonly string[]) {}
}
