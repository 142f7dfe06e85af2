/**
 * Lets one in for each turn of the event loop, in the order they came. Of many that come at once, each is followed by
 * whatever else there is to do, instead of all of them coming before it.
 */
export class Turnstile {
  private readonly waiting: (() => void)[] = [];
  private turning = false;

  /** Resolves when it is this one's turn; at once, where nobody was let in just now. */
  async pass(): Promise<void> {
    if (this.turning) return new Promise((resolve) => void this.waiting.push(resolve));
    this.turning = true;
    setImmediate(() => this.turn());
  }

  private turn(): void {
    const next = this.waiting.shift();
    this.turning = next !== undefined;
    if (next === undefined) return;
    next();
    setImmediate(() => this.turn());
  }
}
