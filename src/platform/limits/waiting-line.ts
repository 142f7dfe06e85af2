import { DomainError } from '#platform/errors';

/** The client hung up while it waited. Nobody reads this but the log. */
export class ClientGoneError extends DomainError {
  constructor() {
    super('REQUEST_TIMEOUT', 'The client hung up before it was answered');
  }
}

/** Who waits for something, in the order they came. */
export class WaitingLine {
  /** What lets each one go on; a set keeps the order, and forgets one of them without a search. */
  private readonly waiting = new Set<() => void>();

  get length(): number {
    return this.waiting.size;
  }

  /**
   * Resolves when `next()` has come to this one.
   *
   * @param signal ends the wait
   * @throws ClientGoneError
   */
  join(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(new ClientGoneError());
    return new Promise((resolve, reject) => {
      const goOn = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.delete(goOn);
        reject(new ClientGoneError());
      };
      this.waiting.add(goOn);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Lets go on who has waited longest. @returns whether anybody did */
  next(): boolean {
    const [first] = this.waiting;
    if (first === undefined) return false;
    this.waiting.delete(first);
    first();
    return true;
  }
}
