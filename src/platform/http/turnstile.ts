import { DomainError } from '../errors/index.js';
import { WaitingLine } from '../waiting-line.js';

/** What those who are let in have in front of them. */
export interface Ahead {
  /** Whether that has enough to do for now: then nobody is let in. */
  readonly busy: boolean;
  /** How many more it would take. */
  readonly room: number;
}

/**
 * Lets one in, and the next some time later, in the order they came. Of many that come at once, each leaves the event
 * loop to whatever else there is to do, instead of all of them coming before it.
 */
export class Turnstile {
  private readonly line = new WaitingLine();
  private turning = false;

  /**
   * @param schedule calls what it is given when the next one may come in
   * @param ahead past whose room one more is refused at once
   */
  constructor(
    private readonly schedule: (turn: () => void) => unknown,
    private readonly ahead: Ahead,
  ) {}

  /**
   * Resolves when it is this one's turn; at once, where nobody was let in just now.
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
    if (!free) await this.line.join(signal);
  }

  private scheduleTurn(): void {
    this.turning = true;
    this.schedule(() => this.turn());
  }

  private turn(): void {
    // It goes on turning while there is nobody to let in because of what is ahead, and once after the last one.
    if (this.ahead.busy ? this.line.length > 0 : this.line.next()) this.scheduleTurn();
    else this.turning = false;
  }
}
