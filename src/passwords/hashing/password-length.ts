export const MAX_CODE_POINTS = 128;

/** Whether it is longer than any password may be. */
export function exceedsMaxLength(password: string): boolean {
  // A code point has at most two units, so a long text is refused without taking it apart.
  return password.length > 2 * MAX_CODE_POINTS || [...password].length > MAX_CODE_POINTS;
}
