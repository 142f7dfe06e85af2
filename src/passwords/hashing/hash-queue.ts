import { DomainError } from '#platform/errors';
import { ClientGoneError, WaitingLine } from '#platform/limits';

/** As many hashes are waiting as may. */
export class HashQueueFullError extends DomainError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'Too many passwords are being checked right now. Please try again.');
  }
}

/**
 * Lets a fixed number of hashes run, and a fixed number wait in the order they came. Without a bound, a flood of logins
 * holds every thread of Node's pool, and with them files, DNS and compression, for as long as it lasts.
 */
export class HashQueue {
  private running = 0;
  private readonly line = new WaitingLine();

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** How many more would not be refused now. */
  get room(): number {
    return this.maxRunning - this.running + this.maxWaiting - this.line.length;
  }

  /** Whether there is work enough for now: as many wait as run. */
  get busy(): boolean {
    return this.line.length >= this.maxRunning;
  }

  /**
   * @param signal ends the wait; a hash that runs is let finish, and its place is free only then: no thread stops half-way
   * @throws HashQueueFullError at once, ClientGoneError
   */
  async run<T>(hash: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw new ClientGoneError();
    if (this.room <= 0) throw new HashQueueFullError();
    if (this.running < this.maxRunning) this.running += 1;
    else await this.line.join(signal);
    try {
      return await hash();
    } finally {
      this.leave();
    }
  }

  /** Hands the place on to who has waited longest. */
  private leave(): void {
    if (!this.line.next()) this.running -= 1;
  }
}
