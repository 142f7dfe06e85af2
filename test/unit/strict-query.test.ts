import { describe, expect, it } from '@jest/globals';
import { MalformedInput } from '../../src/platform/input/malformed-input.js';
import { parseQuery } from '../../src/platform/input/strict-query.js';

describe('The strict query parser', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['&&', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=1', { '': '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=%26%3D%2B', { a: '&=+' }],
    ['a=x+y%20z', { a: 'x y z' }],
    ['%C3%A9=%F0%9F%99%82', { é: '🙂' }],
    ['a[]=1&a[0]=2', { 'a[]': '1', 'a[0]': '2' }],
    ['a;b=1', { 'a;b': '1' }],
    ['A=1&a=2', { A: '1', a: '2' }],
  ])('parses %j', (text, query) => {
    expect({ ...parseQuery(text) }).toEqual(query);
  });

  it.each([
    'a=1&a=1',
    'a&a',
    'a=1&%61=2',
    '=1&=2',
    'a=%00',
    '%00=1',
    'a=%',
    'a=%zz',
    'a=%ff',
    'a=%c0%af',
    'a=%ed%a0%80',
    '__proto__=1',
    'constructor=1',
    'toString=1',
  ])('refuses %j', (text) => {
    const result = parseQuery(text);
    expect(result).toBeInstanceOf(MalformedInput);
    expect(result).toMatchObject({ details: [{ field: 'query', message: expect.any(String) }] });
  });
});
