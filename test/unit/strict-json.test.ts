import { describe, expect, it } from '@jest/globals';
import { MalformedInput } from '../../src/platform/input/malformed-input.js';
import { parseStrictJson } from '../../src/platform/input/strict-json.js';

const parse = (text: string | Buffer) => parseStrictJson(Buffer.from(text));
const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',')}}`;

describe('Strict JSON', () => {
  it.each([
    '{}',
    ' [1, -2.5e3, true, null, "a"]\n',
    '"\\ud83d\\ude42 \u00e9 \\u0001"',
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '{"a":1,"A":2}',
    '{"":0}',
    lists(20),
    objects(20),
    keys(100),
    '[{"toFixed":1}]',
  ])('parses as JSON.parse does: %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['text that is not JSON', 'x', 'The body is not valid JSON'],
    ['white space', ' ', 'The body is not valid JSON'],
    ['a comment', '{/**/}', 'The body is not valid JSON'],
    ['a trailing comma', '[1,]', 'The body is not valid JSON'],
    ['a byte order mark', '\uFEFF{}', 'The body must not begin with a byte order mark'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'The body is not valid UTF-8'],
    ['half a UTF-8 character', Buffer.from([0x22, 0xc3, 0x22]), 'The body is not valid UTF-8'],
    ['a NUL', '"\\u0000"', 'The body contains a NUL character or a lone surrogate'],
    ['a NUL in a key', '{"\\u0000":1}', 'The body contains a NUL character or a lone surrogate'],
    ['a lone surrogate', '["\\uDBFF"]', 'The body contains a NUL character or a lone surrogate'],
    ['a lone surrogate in a key', '{"\\udc00":1}', 'The body contains a NUL character or a lone surrogate'],
    ['a key twice', '{"a":1,"b":2,"a":1}', 'The body contains a key twice'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":1}', 'The body contains a key twice'],
    ['a key twice after an object', '{"a":{"b":1},"a":1}', 'The body contains a key twice'],
    ['21 lists', lists(21), 'The body is nested over 20 levels deep'],
    ['21 objects', objects(21), 'The body is nested over 20 levels deep'],
    ['100,000 lists', '['.repeat(100_000), 'The body is not valid JSON'],
    ['101 keys', keys(101), 'The body has more than 100 keys'],
    ['101 keys in several objects', `[${keys(60)},${keys(41)}]`, 'The body has more than 100 keys'],
    ['__proto__', '{"__proto__":{}}', 'The body contains the key "__proto__"'],
    ['__proto__, escaped', '{"\\u005f\\u005fproto__":{}}', 'The body contains the key "__proto__"'],
    ['a nested constructor', '[{"constructor":{}}]', 'The body contains the key "constructor"'],
    ['prototype', '{"prototype":{}}', 'The body contains the key "prototype"'],
    ['toString', '{"toString":1}', 'The body contains the key "toString"'],
  ])('refuses %s', (_, text, message) => {
    const result = parse(text);
    expect(result).toBeInstanceOf(MalformedInput);
    expect(result).toMatchObject({ details: [{ field: 'body', message }] });
  });
});
