import { ServiceUnavailableError } from '#platform/errors';
import { ClientGoneError, WaitingLine } from '#platform/request';

/** Requests admitted for each hash that may run: while one hashes, the next does its database work. */
const ADMITTED_PER_HASH = 2;

/** As many requests wait for a hash as may. */
export class HashQueueFullError extends ServiceUnavailableError {
  constructor() {
    super('Too many passwords are being checked right now. Please try again.');
  }
}

/** A request's place in the hash queue. It is freed when the request's first hash ends, or by `free()`. */
export interface HashPlace {
  free(): void;
}

/**
 * Runs a fixed number of hashes at a time and admits only a few requests to them; the others wait in one line, in the
 * order in which they came. Without a bound, a flood of logins holds every thread of Node's pool, and with them files,
 * DNS and compression, for as long as it lasts.
 */
export class HashQueue {
  private admitted = 0;
  private running = 0;
  private readonly maxAdmitted: number;
  /** Requests that wait to be admitted. */
  private readonly line = new WaitingLine();
  /** Admitted requests that are ready to hash. */
  private readonly ready = new WaitingLine();

  /** @param maxWaiting requests that may wait while others hash */
  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {
    this.maxAdmitted = Math.min(maxRunning * ADMITTED_PER_HASH, maxRunning + maxWaiting);
  }

  /**
   * Waits for a place.
   *
   * @param signal ends the wait
   * @throws HashQueueFullError at once, ClientGoneError
   */
  enter(signal?: AbortSignal): Promise<HashPlace> {
    if (signal?.aborted === true) return Promise.reject(new ClientGoneError());
    const full = this.admitted + this.line.length >= this.maxRunning + this.maxWaiting;
    if (full) return Promise.reject(new HashQueueFullError());
    return this.enterAgain(signal);
  }

  /**
   * Waits for a place, however many others wait: a request that was admitted once and gave up its place is not refused.
   *
   * @throws ClientGoneError
   */
  async enterAgain(signal?: AbortSignal): Promise<HashPlace> {
    if (this.admitted < this.maxAdmitted) this.admitted += 1;
    else await this.line.join(signal);
    let held = true;
    return {
      free: () => {
        if (held && !this.line.next()) this.admitted -= 1;
        held = false;
      },
    };
  }

  /**
   * Runs a hash, and frees the place when it ends. A second hash with the same place does not wait to be admitted again.
   *
   * @param signal ends the wait; a hash that runs is completed, as no thread stops half-way
   * @throws HashQueueFullError at once where there is no place, ClientGoneError
   */
  async run<T>(hash: () => Promise<T>, signal?: AbortSignal, place?: HashPlace): Promise<T> {
    const held = place ?? (await this.enter(signal));
    try {
      if (signal?.aborted === true) throw new ClientGoneError();
      if (this.running < this.maxRunning) this.running += 1;
      else await this.ready.join(signal);
      try {
        return await hash();
      } finally {
        if (!this.ready.next()) this.running -= 1;
      }
    } finally {
      held.free();
    }
  }
}
