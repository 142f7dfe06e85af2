/** So many in so long. */
export interface Limit {
  /** Who or what is counted. */
  readonly key: string;
  readonly max: number;
  /** The window's length in milliseconds; it begins with the first that is counted. */
  readonly windowMs: number;
}

/** How a key stands after it was asked for. */
export interface Standing {
  readonly key: string;
  /** Counted in this window. */
  readonly hits: number;
  /** Of these, how many may still be given back. */
  readonly open: number;
  /** Milliseconds until the window ends. */
  readonly endsInMs: number;
  /** Which window this is. */
  readonly window: string;
  /** Whether there was room. */
  readonly room: boolean;
}

/** What was asked for, one standing for each limit. */
export interface Outcome {
  /** Whether all had room; otherwise nothing was counted anywhere. */
  readonly taken: boolean;
  readonly standings: readonly Standing[];
}

/**
 * Counts in fixed windows, on all instances together; also the injection token. Atomic: of any number that ask at
 * once, no more get in than there is room for.
 */
export abstract class Limiter {
  /** Counts one at every key, if there is room at all of them. */
  abstract count(limits: readonly Limit[]): Promise<Outcome>;

  /** The same for what is still undecided: a place that `settle()` leaves or gives back. */
  abstract reserve(limits: readonly Limit[]): Promise<Outcome>;

  /** @param counts whether what was reserved stays counted */
  abstract settle(reserved: Outcome, counts: boolean): Promise<void>;
}
