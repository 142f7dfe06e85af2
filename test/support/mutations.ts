import type { Random } from './random.js';

const STRANGE_VALUES: [unknown, ...unknown[]] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  '\0',
  '\ud800',
  '💥'.repeat(60),
  'x'.repeat(300),
  'x'.repeat(5_000),
  "'; DROP TABLE users; --",
  '%00',
  '\\',
  '../../etc/passwd',
  '0000-00-00',
  '9999-12-31',
  '+1',
  'https://example.com/\u202e',
  'a@b.c',
  'İ'.repeat(10),
  [],
  ['a'],
  {},
  { $gt: '' },
  { toString: 1 },
];

const STRANGE_KEYS: [string, ...string[]] = [
  '',
  '__proto__',
  'constructor',
  'id',
  'roles',
  '$where',
  '\0',
  'x'.repeat(999),
];

const STRANGE_BYTES: [number, ...number[]] = [0, 0x0a, 0x22, 0x2c, 0x5b, 0x5c, 0x7b, 0x7d, 0x80, 0xed, 0xff];

/** The bytes of a body after one to three random changes to its fields, and at times one to its bytes. */
export function mutateBody(body: Readonly<Record<string, unknown>>, random: Random): Buffer {
  let fields = Object.entries(body);
  for (let change = random.below(3); change >= 0; change -= 1) {
    const at = random.below(fields.length + 1);
    const [key, value] = fields[at] ?? ['extra', 1];
    fields = fields.toSpliced(
      at,
      1,
      ...random.pick<[string, unknown][]>([
        [[key, random.pick(STRANGE_VALUES)]],
        [[random.pick(STRANGE_KEYS), value]],
        [
          [key, value],
          [key, random.pick(STRANGE_VALUES)],
        ],
        [],
      ]),
    );
  }
  const text = `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  return mutateBytes(Buffer.from(text), random);
}

/** A strange value, encoded for use as an id in a path or as a parameter in a query. */
export function strangeText(random: Random): string {
  const value = random.pick(STRANGE_VALUES);
  return encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed());
}

function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const strange = Buffer.of(random.pick(STRANGE_BYTES));
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), strange, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), strange, bytes.subarray(at + 1)]);
    default:
      return bytes;
  }
}
