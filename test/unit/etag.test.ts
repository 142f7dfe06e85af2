import { describe, expect, it } from '@jest/globals';
import { PreconditionFailedError, ValidationError } from '../../src/platform/errors/index.js';
import { assertMatches, entityTag, parseIfMatch, parseIfNoneMatch } from '../../src/platform/request/etag.js';

describe('Conditional requests', () => {
  it('use the version as a strong entity tag', () => {
    expect(entityTag(7)).toBe('"7"');
  });

  it.each<[string, ReturnType<typeof parseIfMatch>]>([
    ['*', '*'],
    [' * ', '*'],
    ['"1"', ['1']],
    ['W/"1"', ['1']],
    ['"1", W/"2" ,"3"', ['1', '2', '3']],
    ['""', ['']],
    ['"a!#~\xe9"', ['a!#~\xe9']],
  ])('accept the header %s', (header, tags) => {
    expect(parseIfMatch(header)).toEqual(tags);
    expect(parseIfNoneMatch(header)).toEqual(tags);
  });

  it.each(['', '1', '"1', '1"', "'1'", 'w/"1"', 'W/1', '"1""2"', '"1";"2"', '"1", *', '"a b"', '"\x7f"'])(
    'refuse the malformed header %j',
    (header) => {
      expect(() => parseIfMatch(header)).toThrow(ValidationError);
      expect(() => parseIfNoneMatch(header)).toThrow(ValidationError);
    },
  );

  it('have no condition without a header', () => {
    expect(parseIfMatch(undefined)).toBeUndefined();
  });

  it.each<[string | undefined]>([[undefined], ['*'], ['"3"'], ['W/"3"'], ['"1", "3"']])(
    'accept version 3 for If-Match: %s',
    (header) => {
      expect(() => assertMatches(parseIfMatch(header), 3)).not.toThrow();
    },
  );

  it.each(['"2"', '"33"', '"03"', '"3.0"', '""', '"1", "2"'])('refuse version 3 for If-Match: %s', (header) => {
    expect(() => assertMatches(parseIfMatch(header), 3)).toThrow(PreconditionFailedError);
  });
});

describe('A list of entity tags', () => {
  it.each([
    ['"a,b"', ['a,b']],
    ['"1",', ['1']],
    [', "1" ,, W/"2"', ['1', '2']],
  ])('is parsed as RFC 9110 defines it: %s', (header, tags) => {
    expect(parseIfMatch(header)).toEqual(tags);
  });

  it.each(['', ',', '1', '"1" "2"', '"1', '"1", x'])('is refused when it is malformed: %j', (header) => {
    expect(() => parseIfMatch(header)).toThrow(ValidationError);
  });

  it('is refused within half a second, even with 50,000 tabs in it', () => {
    const started = performance.now();
    expect(() => parseIfMatch(`,${'\t'.repeat(50_000)}/`)).toThrow(ValidationError);
    // A pattern that tried every division of the tabs would take seconds.
    expect(performance.now() - started).toBeLessThan(500);
  });
});
