/** A stored hash that cannot be checked: malformed, of an unknown format, or too expensive to compute. */
export class UnusableHashError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnusableHashError';
  }
}
