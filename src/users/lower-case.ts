/** Lower-cased code point by code point: `toLowerCase()` of a whole word turns its last Σ, and only that, into ς. */
export function lowerCase(text: string): string {
  return Array.from(text, (codePoint) => codePoint.toLowerCase()).join('');
}
