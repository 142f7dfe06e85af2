import { DomainError } from '../errors/index.js';

/**
 * Lets one in, and the next some time later, in the order they came. Of many that come at once, each leaves the event
 * loop to whatever else there is to do, instead of all of them coming before it.
 */
export class Turnstile {
  /** A set keeps the order, and forgets one of them without a search. */
  private readonly waiting = new Set<() => void>();
  private turning = false;

  /**
   * @param schedule calls what it is given when the next one may come in
   * @param maxWaiting past which one more is refused at once
   */
  constructor(
    private readonly schedule: (turn: () => void) => unknown,
    private readonly maxWaiting: number,
  ) {}

  /**
   * Resolves when it is this one's turn; at once, where nobody was let in just now.
   *
   * @throws DomainError of SERVICE_UNAVAILABLE
   */
  async pass(): Promise<void> {
    if (this.turning) {
      if (this.waiting.size >= this.maxWaiting) {
        throw new DomainError('SERVICE_UNAVAILABLE', 'Too many of these come at once. Please try again.');
      }
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
    this.turning = true;
    this.schedule(() => this.turn());
  }

  private turn(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.turning = false;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
