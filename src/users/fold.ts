/**
 * The one form of an email or a username that compares without regard to case. Only ASCII folds: these names are ASCII,
 * and Unicode would take the Kelvin sign (U+212A) of another name for a `k`.
 */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Lower-cased code point by code point: `toLowerCase()` of a whole word turns its last Σ, and only that, into ς. */
export function lowerCase(text: string): string {
  return Array.from(text, (codePoint) => codePoint.toLowerCase()).join('');
}
