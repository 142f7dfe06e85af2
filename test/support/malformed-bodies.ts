import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

const LONG = 10_000;

/** Texts that almost match the patterns for client input: about 10,000 characters that fit, then one that does not. */
export const NEAR_MISSES = [
  `${'a'.repeat(LONG)}!`,
  `${'A1'.repeat(LONG / 2)}\n`,
  `a@${'a'.repeat(LONG)}`,
  `a@${'a.'.repeat(LONG / 2)}!`,
  `a@${'a-'.repeat(LONG / 2)}.`,
  `${'!'.repeat(64)}@${'a'.repeat(LONG)}.com`,
  `+1${'0'.repeat(LONG)}`,
  `${'1'.repeat(LONG)}-01-01`,
  `http://[${':'.repeat(LONG)}`,
  `http://${'%2'.repeat(LONG / 2)}`,
  `http://a/${'%41'.repeat(LONG / 3)}"`,
  `${'a-'.repeat(LONG / 2)}:`,
  `a:${'a-'.repeat(LONG / 2)}_`,
  `${'0'.repeat(8)}-${'0'.repeat(LONG)}`,
  `${'1'.repeat(LONG)}ms`,
  '.'.repeat(LONG),
  `"${'!'.repeat(LONG)}`,
  `${'"1",'.repeat(LONG / 4)}x`,
  `,${' '.repeat(LONG)}/`,
  `application/json${' '.repeat(LONG)};`,
  'eyJ9.'.repeat(LONG / 5),
  `${'='.repeat(LONG)}a`,
] as const;

const STRANGE_TEXTS = [
  ...'| |\0|a\0b|\ud800|\udfff\ud800|\ufeff|\u202e|ß|ﬁ|Σς|%00|%|\\|$1|${x}|../../etc/passwd|__proto__|constructor'.split(
    '|',
  ),
  ...'toString|+1|0000-00-00|9999-12-31|2023-02-31|a@b.c|x@[1.2.3.4]|"a"@b.co|https://example.com/\u202e|null'.split(
    '|',
  ),
  "'; DROP TABLE users; --",
  '💥'.repeat(60),
  'İ'.repeat(50),
];

const STRANGE_VALUES: readonly unknown[] = [
  ...JSON.parse(
    '[null, true, false, 0, -1, 1e308, 9007199254740993, [], {}, [[]], [null], ["user", "user"], ["user", 1]]',
  ),
  ...JSON.parse('[{ "$gt": "" }, { "toString": 1 }, { "length": 1e9 }, { "0": "a", "length": 1 }]'),
  -0,
  Array.from({ length: 1_000 }, () => 'user'),
];

/** Text that some layer may misinterpret. */
export const strangeText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...STRANGE_TEXTS) },
  { weight: 2, arbitrary: fc.constantFrom(...NEAR_MISSES) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

/** Values to send in fields of any type. */
const strangeValue = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...STRANGE_VALUES) },
  { weight: 4, arbitrary: strangeText },
  { weight: 3, arbitrary: fc.jsonValue({ stringUnit: 'binary' }) },
);

const STRANGE_KEYS = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'id',
  'roles',
  '$where',
  '\0',
  '\ud800',
  'é',
];

/** Replaces, adds or removes one member of an object. */
type Change = (members: readonly string[], at: number) => string[];

const member = (key: string, value: unknown) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
const keyOf = (text: string | undefined) => text?.split(':')[0] ?? '"x"';

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: strangeValue.map(
      (value): Change =>
        (members, at) =>
          members.toSpliced(at, 1, `${keyOf(members[at])}:${JSON.stringify(value)}`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...STRANGE_KEYS), strangeValue).map(
      ([key, value]): Change =>
        (members, at) =>
          members.toSpliced(at, 0, member(key, value)),
    ),
  },
  // A duplicate key, first spelled the same way, then with an escape.
  { weight: 1, arbitrary: fc.constant<Change>((members, at) => members.toSpliced(at, 0, members[at] ?? '"x":1')) },
  {
    weight: 1,
    arbitrary: fc.constant<Change>((members, at) =>
      members.toSpliced(
        at,
        0,
        `${keyOf(members[at]).replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)}:1`,
      ),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Change>((members, at) => members.toSpliced(at, 1)) },
);

/** Writes an object with these members, as JSON or as something similar. */
type Spelling = (members: readonly string[]) => string;

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const inBraces: Spelling = (members) => `{${members.join(',')}}`;

const SPELLINGS: readonly Spelling[] = [
  (members) => `{${members.join(',')},}`,
  (members) => `{${members.join(';')}}`,
  (members) => `/* */{${members.join(',')}}`,
  (members) => `{${members.join(',').replaceAll('"', "'")}}`,
  (members) => `[{${members.join(',')}}]`,
  (members) => `{${members.join(',')}}{}`,
  (members) => `${' '.repeat(10_000)}{${members.join('\n\t ,\r\n')}}`,
  (members) => `{${[...members, `"x":${nested(21, '[', ']')}`].join(',')}}`,
  (members) => `{${[...members, ...Array.from({ length: 101 }, (_, index) => `"k${index}":1`)].join(',')}}`,
  () => nested(30_000, '[', ']'),
  () => nested(10_000, '{"a":', '}'),
  () => '['.repeat(15_000),
  () => '{"a":"\\ud800","b":"\\u0000"}',
  () => '{"a":1e999,"b":-0,"c":00}',
  () => `{"a":${'9'.repeat(10_000)}}`,
  () => `"${'\\'.repeat(9_999)}"`,
  () => 'undefined',
  () => 'NaN',
  () => '',
];

const spelling = fc.oneof(
  { weight: 8, arbitrary: fc.constant(inBraces) },
  { weight: 3, arbitrary: fc.constantFrom(...SPELLINGS) },
);

type Bytes = (text: string) => Buffer;

const ENCODINGS: readonly Bytes[] = [
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'latin1'),
  (text) => gzipSync(text),
  (text) => Buffer.from(text.padEnd(70_000)),
  (text) => Buffer.from(text).subarray(0, -1),
];

const STRANGE_BYTES = [0, 0x0a, 0x22, 0x2c, 0x5b, 0x5c, 0x7b, 0x7d, 0x80, 0xc0, 0xed, 0xf5, 0xff];

const encoding: fc.Arbitrary<Bytes> = fc.oneof(
  { weight: 10, arbitrary: fc.constant<Bytes>((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...ENCODINGS) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(), fc.nat(1), fc.constantFrom(...STRANGE_BYTES))
      .map(([at, removed, byte]): Bytes => (text) => {
        const bytes = [...Buffer.from(text)];
        return Buffer.from(bytes.toSpliced(at % (bytes.length + 1), removed, byte));
      }),
  },
);

/** Bodies that differ a little from one that a route accepts, and some random ones. */
export function malformedBody(valid: () => Readonly<Record<string, unknown>>): fc.Arbitrary<Buffer> {
  const changed = fc
    .tuple(fc.array(fc.tuple(change, fc.nat(8)), { maxLength: 2 }), spelling, encoding)
    .map(([changes, spell, encode]) => {
      const members = Object.entries(valid()).map(([key, value]) => member(key, value));
      return encode(
        spell(changes.reduce<string[]>((left, [apply, at]) => apply(left, at % (left.length + 1)), members)),
      );
    });
  return fc.oneof(
    { weight: 8, arbitrary: changed },
    { weight: 1, arbitrary: fc.jsonValue({ stringUnit: 'binary' }).map((value) => Buffer.from(JSON.stringify(value))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
}
