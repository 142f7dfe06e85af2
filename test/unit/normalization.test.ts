import { describe, expect, it } from '@jest/globals';
import { toNfc } from '../../src/platform/input/index.js';

/** One letter of one UTF-16 unit, which decomposes to four: the most of any. */
const LETTER = '\u1fa2';

describe('The normalization of a text', () => {
  it('composes the longest text of any field, in the form that has the most units', () => {
    const text = LETTER.repeat(500);
    expect(text.normalize('NFD')).toHaveLength(2_000);
    expect(toNfc(text.normalize('NFD'))).toBe(text);
  });

  it('leaves a text that is too long for every field as it is, as its marks may take seconds to sort', () => {
    const marks = `a${'\u0301'.repeat(1_024)}${'\u0316'.repeat(1_024)}`;
    expect(toNfc(marks)).toBe(marks);
    expect(toNfc(marks.slice(1))).not.toBe(marks.slice(1));
  });
});
