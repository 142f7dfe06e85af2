import { describe, expect, it } from '@jest/globals';
import { PreconditionFailedError, ValidationError } from '../../src/platform/errors/index.js';
import { assertMatches, entityTag, parseIfMatch, parseIfNoneMatch } from '../../src/platform/request/etag.js';

describe('Conditional requests', () => {
  it('use a strong entity tag that differs for each resource and each version', () => {
    const tags = ['ada', 'bob'].flatMap((id) => [1, 2, 11, 21].map((version) => entityTag({ id, version })));
    expect(new Set(tags).size).toBe(8);
    for (const tag of tags) expect(tag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(entityTag({ id: 'ada', version: 1 })).toBe(tags[0]);
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

  const third = { id: 'ada', version: 3 };
  const tag = entityTag(third);

  it.each<[string | undefined]>([[undefined], ['*'], [tag], [`W/${tag}`], [`"1", ${tag}`]])(
    'accept If-Match: %s',
    (header) => {
      expect(() => assertMatches(parseIfMatch(header), third)).not.toThrow();
    },
  );

  it.each([
    entityTag({ id: 'ada', version: 2 }),
    entityTag({ id: 'ada', version: 33 }),
    entityTag({ id: 'bob', version: 3 }),
    tag.toUpperCase(),
    tag.replace('"', '"0'),
    '"3"',
    '""',
    '"1", "2"',
  ])('refuse If-Match: %s', (header) => {
    expect(() => assertMatches(parseIfMatch(header), third)).toThrow(PreconditionFailedError);
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
