import { DomainError } from '#platform/errors';
import { WaitingLine } from '#platform/limits';

/**
 * So long, in milliseconds, what is ahead may keep everybody waiting. Not longer: others come to it by other ways, and
 * those here must have their share.
 */
const MAX_HOLD_MS = 100;

/** What those who are let in have in front of them. */
export interface Ahead {
  /** Whether that has enough to do for now: then one is let in only now and then. */
  readonly busy: boolean;
  /** How many more it would take. */
  readonly room: number;
}

/** Behind so many, nobody waits longer for it: two are let in at a time, behind twice as many three, and so on. */
const CROWD = 200;

/**
 * Lets one in, and the next some time later, in the order they came. Of many that come at once, each leaves the event
 * loop to whatever else there is to do, instead of all of them coming before it.
 */
export class Turnstile {
  private readonly line = new WaitingLine();
  private turning = false;
  private lastIn = -Infinity;

  /**
   * @param intervalMs until the next one may come in, in milliseconds
   * @param ahead past whose room one more is refused at once
   */
  constructor(
    private readonly intervalMs: number,
    private readonly ahead: Ahead,
  ) {}

  /**
   * Resolves when it is this one's turn; at once, where nobody was let in just now and nobody is busy ahead.
   *
   * @param signal ends the wait
   * @throws DomainError of SERVICE_UNAVAILABLE, ClientGoneError
   */
  async pass(signal?: AbortSignal): Promise<void> {
    const { busy, room } = this.ahead;
    const free = !this.turning && !busy;
    // One that waits for nothing but the next turn needs no room.
    if (!free && this.line.length >= (busy ? room : Math.max(1, room))) {
      throw new DomainError('SERVICE_UNAVAILABLE', 'Too many of these come at once. Please try again.');
    }
    if (!this.turning) this.scheduleTurn();
    if (free) this.lastIn = performance.now();
    else await this.line.join(signal);
  }

  private scheduleTurn(): void {
    this.turning = true;
    setTimeout(() => this.turn(), this.intervalMs);
  }

  private turn(): void {
    const first = Math.ceil(this.line.length / CROWD);
    const now = performance.now();
    if (!this.ahead.busy || now - this.lastIn >= MAX_HOLD_MS) {
      this.lastIn = now;
      for (let count = 0; count < first; count += 1) this.line.next();
    }
    if (first > 0) this.scheduleTurn();
    else this.turning = false;
  }
}
