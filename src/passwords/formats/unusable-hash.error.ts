/** A stored hash that no password is checked against: malformed, of no known format, or too dear to compute. */
export class UnusableHashError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnusableHashError';
  }
}
