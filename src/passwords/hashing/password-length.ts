export const MAX_CODE_POINTS = 128;
/** A code point has at most two UTF-16 units, and decomposing makes a text at most four times as long (Unicode FAQ, "Normalization"). */
const MAX_DECOMPOSED_UNITS = 4 * 2 * MAX_CODE_POINTS;

/** Whether it is longer than any password may be. */
export function exceedsMaxLength(password: string): boolean {
  // A long text is refused without taking it apart.
  return password.length > MAX_DECOMPOSED_UNITS || [...normalizePassword(password)].length > MAX_CODE_POINTS;
}

/** The form in which a password is checked and hashed: keyboards compose one character in several ways (RFC 8265, 4.2.2). */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}
