/**
 * Lets one in, and the next some time later, in the order they came. Of many that come at once, each leaves the event
 * loop to whatever else there is to do, instead of all of them coming before it.
 */
export class Turnstile {
  private readonly waiting: (() => void)[] = [];
  private turning = false;

  /** @param intervalMs between two that are let in */
  constructor(private readonly intervalMs: number) {}

  /** Resolves when it is this one's turn; at once, where nobody was let in just now. */
  async pass(): Promise<void> {
    if (this.turning) await new Promise<void>((resolve) => void this.waiting.push(resolve));
    this.turning = true;
    setTimeout(() => this.turn(), this.intervalMs);
  }

  private turn(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.turning = false;
    else next();
  }
}
