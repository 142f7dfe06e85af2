import { DomainError } from '#platform/errors';

/** The client hung up while it waited. Only the log shows it. */
export class ClientGoneError extends DomainError {
  constructor() {
    super('REQUEST_TIMEOUT', 'The client hung up before it was answered');
  }
}

/** A first-in, first-out line whose members may leave early. */
export class WaitingLine {
  /** What lets each one through. A set keeps the order and deletes without a search. */
  private readonly waiting = new Set<() => void>();

  get length(): number {
    return this.waiting.size;
  }

  /**
   * Resolves when `next()` reaches this one.
   *
   * @param signal ends the wait
   * @throws ClientGoneError
   */
  join(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(new ClientGoneError());
    return new Promise((resolve, reject) => {
      const pass = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.waiting.delete(pass);
        reject(new ClientGoneError());
      };
      this.waiting.add(pass);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Lets the first one through. @returns whether there was one */
  next(): boolean {
    const [first] = this.waiting;
    if (first === undefined) return false;
    this.waiting.delete(first);
    first();
    return true;
  }
}
