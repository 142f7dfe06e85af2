import { DomainError } from '../errors/index.js';

/** As many hashes are waiting as may. */
export class HashQueueFullError extends DomainError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'Too many passwords are being checked right now. Please try again.');
  }
}

/** The client hung up while it waited. Nobody reads this but the log. */
export class ClientGoneError extends DomainError {
  constructor() {
    super('REQUEST_TIMEOUT', 'The client hung up before it was answered');
  }
}

/**
 * Lets a fixed number of hashes run, and a fixed number wait in the order they came. Without a bound, a flood of logins
 * holds every thread of Node's pool, and with them files, DNS and compression, for as long as it lasts.
 */
export class HashQueue {
  private running = 0;
  /** What lets each one in that waits; a set keeps the order, and forgets one of them without a search. */
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** Whether a hash would have to be refused now. */
  get full(): boolean {
    return this.running >= this.maxRunning && this.waiting.size >= this.maxWaiting;
  }

  /**
   * @param signal ends the wait; a hash that runs is let finish, and its place is free only then: no thread stops half-way
   * @throws HashQueueFullError at once, ClientGoneError
   */
  async run<T>(hash: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw new ClientGoneError();
    if (this.full) throw new HashQueueFullError();
    if (this.running < this.maxRunning) this.running += 1;
    else await this.turn(signal);
    try {
      return await hash();
    } finally {
      this.leave();
    }
  }

  /** Resolves when a place has been handed over. */
  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.delete(enter);
        reject(new ClientGoneError());
      };
      this.waiting.add(enter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place on to who has waited longest. */
  private leave(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
