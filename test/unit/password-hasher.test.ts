import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { loadConfig } from '../../src/config/index.js';
import { StartupError } from '../../src/platform/errors/index.js';
import { Argon2PasswordHasher } from '../../src/passwords/hashing/argon2-password-hasher.js';
import { createPasswordHasher } from '../../src/passwords/hashing/create-password-hasher.js';
import { NodeRsPasswordHasher } from '../../src/passwords/hashing/node-rs-password-hasher.js';
import { HashGate, type PasswordHasher } from '../../src/passwords/index.js';
import { FAST_HASHES, SECRETS } from '../support/app.js';
import { inParallel } from '../support/parallel.js';
import { LEGACY_HASHES, LEGACY_PASSWORD } from '../support/stored-hashes.js';

// Log lines would clutter the test report.
Logger.overrideLogger(false);

const config = (overrides: Readonly<Record<string, string>> = {}) =>
  loadConfig({ ...SECRETS, ...FAST_HASHES, ...overrides });
const gate = (overrides: Readonly<Record<string, string>> = {}) => new HashGate(config(overrides));
const absent = () => Promise.reject(new Error("Cannot find package '@node-rs/argon2'"));

async function hasher(overrides: Readonly<Record<string, string>>): Promise<PasswordHasher> {
  const made = await createPasswordHasher(config(overrides), gate(overrides));
  await made.onModuleInit();
  return made;
}

/** The PHC string for a test vector of an RFC, which gives the salt in ASCII and the key in hex. */
function phc(parameters: string, salt: string, key: string): string {
  return `${parameters}${base64(Buffer.from(salt))}$${base64(Buffer.from(key, 'hex'))}`;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

describe.each(['argon2', 'node-rs'])('The hasher %s', (implementation) => {
  it('hashes with argon2id as configured, into a PHC string with a new salt each time', async () => {
    const passwords = await hasher({ PASSWORD_HASHER: implementation });
    const [one, other] = await inParallel(2, () => passwords.hash(LEGACY_PASSWORD));
    expect(one).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(other).not.toBe(one);
  });

  it('verifies the hashes of the other implementation', async () => {
    const others = await hasher({ PASSWORD_HASHER: implementation === 'argon2' ? 'node-rs' : 'argon2' });
    const passwords = await hasher({ PASSWORD_HASHER: implementation });
    const stored = await others.hash(LEGACY_PASSWORD);
    expect(await passwords.verify(stored, LEGACY_PASSWORD)).toBe(true);
    expect(await passwords.verify(stored, `${LEGACY_PASSWORD}x`)).toBe(false);
    expect(await passwords.upgrade(stored, LEGACY_PASSWORD)).toBeUndefined();
  });

  it.each(Object.entries(LEGACY_HASHES))('verifies and upgrades %s', async (_, stored) => {
    const passwords = await hasher({ PASSWORD_HASHER: implementation });
    expect(await passwords.verify(stored, LEGACY_PASSWORD)).toBe(true);
    expect(await passwords.verify(stored, 'Wrong-donkey-8-magnet?!')).toBe(false);
    expect(await passwords.verify(stored, '')).toBe(false);
    const upgraded = await passwords.upgrade(stored, LEGACY_PASSWORD);
    expect(upgraded).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);
    expect(await passwords.verify(upgraded, LEGACY_PASSWORD)).toBe(true);
  });

  // Sources: RFC 7914, sections 11 and 12; for bcrypt, passlib and OpenBSD; for the rest, passlib 1.7.4.
  it.each<[string, string, string]>([
    [
      'argon2d 1.0, without a version',
      'password',
      '$argon2d$m=512,p=1,t=2$xJS9HTUQMVKQLFEVoDBKcA$ESLd4GyTFC7jrIkQR6mOXdtVXfrv3/MHXbiOwm099Ug',
    ],
    ['bcrypt', 'abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
    ['bcrypt beyond ASCII', 'pässwörd-日本-😀', '$2b$04$SLrALcx3kZYXBrfz9waHZOzlZ4PFFDLvD4sF8JzermDsfJspkJD86'],
    ['bcrypt of more than 72 bytes', 'a'.repeat(80), '$2b$04$IyKfL2F7zs0Aq3P75jbaIeO3Udc5iX5qEmDeMWWXM2BfxIJWhCQDq'],
    [
      'scrypt beyond ASCII',
      'pässwörd-日本-😀',
      '$scrypt$ln=8,r=8,p=1$j/EeQ2jtvVdKifE+J4Qwpg$TvxjBcPmkcrARqHEc+AJcLp/W4QFS5CJiLvvz7rc0ug',
    ],
    [
      'scrypt with N=1024, r=8, p=16',
      'password',
      phc(
        '$scrypt$ln=10,r=8,p=16$',
        'NaCl',
        'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      ),
    ],
    [
      'scrypt with N=16384, r=8, p=1',
      'pleaseletmein',
      phc(
        '$scrypt$ln=14,r=8,p=1$',
        'SodiumChloride',
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      ),
    ],
    [
      'PBKDF2 with 1 round',
      'passwd',
      phc(
        '$pbkdf2-sha256$1$',
        'salt',
        '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
      ),
    ],
    [
      'PBKDF2 with 80000 rounds',
      'Password',
      phc(
        '$pbkdf2-sha256$80000$',
        'NaCl',
        '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
      ),
    ],
    [
      'PBKDF2 beyond ASCII',
      'pässwörd-日本-😀',
      '$pbkdf2-sha256$10$GaNUqtV6r3VOiZGyVmothQ$RQ/nPbzfyxDSsfbkhjN8MUeKBMmOovbVrKwWNqSqzJ8',
    ],
  ])('verifies a reference hash: %s', async (_, password, stored) => {
    const passwords = await hasher({ PASSWORD_HASHER: implementation });
    expect(await passwords.verify(stored, password)).toBe(true);
    expect(await passwords.verify(stored, `x${password}`)).toBe(false);
  });
});

describe('A stored hash', () => {
  it('fits into its database column in every format', () => {
    // A long salt, and the longest key that is read (512 bits).
    const longest = `$argon2id$v=19$m=1048576,t=100,p=64$${'A'.repeat(64)}$${'A'.repeat(86)}`;
    for (const stored of [...Object.values(LEGACY_HASHES), longest]) expect(stored.length).toBeLessThanOrEqual(255);
  });

  const salt = 'c2FsdHNhbHRzYWx0c2FsdA';
  const key = 'A'.repeat(43);
  it.each([
    ['argon2 of 4 GiB', `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${key}`],
    ['argon2 of 1 GiB, five times', `$argon2id$v=19$m=1048576,t=5,p=1$${salt}$${key}`],
    ['argon2 of a billion passes', `$argon2id$v=19$m=8,t=1000000000,p=1$${salt}$${key}`],
    ['argon2 of 65 lanes', `$argon2id$v=19$m=1024,t=1,p=65$${salt}$${key}`],
    ['argon2 of no pass', `$argon2id$v=19$m=1024,t=0,p=1$${salt}$${key}`],
    ['argon2 with less memory than its lanes need', `$argon2id$v=19$m=15,t=1,p=2$${salt}$${key}`],
    ['argon2 without a key', `$argon2id$v=19$m=1024,t=1,p=1$${salt}$`],
    ['argon2 with a key of a byte', `$argon2id$v=19$m=1024,t=1,p=1$${salt}$AA`],
    ['argon2 with a salt of four bytes', `$argon2id$v=19$m=1024,t=1,p=1$c2FsdA$${key}`],
    ['argon2 2.0', `$argon2id$v=32$m=1024,t=1,p=1$${salt}$${key}`],
    ['argon2 with m twice', `$argon2id$v=19$m=1024,m=1024,p=1$${salt}$${key}`],
    ['argon2 with a key id', `$argon2id$v=19$m=1024,t=1,p=1,keyid=AA$${salt}$${key}`],
    ['bcrypt of cost 16', '$2b$16$PesiYYeP2nFWoF.mAmFh2uhOz4v5yMzrdPeabaP1IrbTCV00n5nD6'],
    ['bcrypt of cost 31', '$2b$31$PesiYYeP2nFWoF.mAmFh2uhOz4v5yMzrdPeabaP1IrbTCV00n5nD6'],
    ['bcrypt that is cut short', '$2b$05$PesiYYeP2nFWoF.mAmFh2uhOz4v5y'],
    ['scrypt of 512 MiB', `$scrypt$ln=19,r=8,p=1$${salt}$${key}`],
    ['scrypt of 2^99', `$scrypt$ln=99,r=8,p=1$${salt}$${key}`],
    ['scrypt of a thousand lanes', `$scrypt$ln=14,r=8,p=1000$${salt}$${key}`],
    ['scrypt of r=0', `$scrypt$ln=14,r=0,p=1$${salt}$${key}`],
    ['scrypt with a larger N than its r allows', `$scrypt$ln=16,r=1,p=1$${salt}$${key}`],
    ['scrypt without a key', `$scrypt$ln=10,r=8,p=1$${salt}$`],
    ['scrypt with an N that is not a power of 2, Django', `scrypt$1000$saltysalt$8$1$${key}`],
    ['PBKDF2 of two million and one rounds', `$pbkdf2-sha256$2000001$${salt}$${key}`],
    ['PBKDF2 of no round', `$pbkdf2-sha256$0$${salt}$${key}`],
    ['PBKDF2 with a key that is not base64', `$pbkdf2-sha256$1000$${salt}$${'*'.repeat(43)}`],
    ['PBKDF2 of ten million rounds, Django', `pbkdf2_sha256$10000000$seasalt2$${key}=`],
    ['PBKDF2 over MD5', `$pbkdf2-md5$1000$${salt}$${key}`],
    ['a digest without a salt', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['an unusable password, Django', '!'],
    ['nothing', ''],
    ['the password itself', LEGACY_PASSWORD],
  ])('is refused without being computed: %s', async (_, stored) => {
    for (const passwords of [
      await hasher({ PASSWORD_HASHER: 'argon2' }),
      await hasher({ PASSWORD_HASHER: 'node-rs' }),
    ]) {
      const begun = performance.now();
      expect(await passwords.verify(stored, LEGACY_PASSWORD)).toBe(false);
      expect(await passwords.verify(stored, '')).toBe(false);
      expect(performance.now() - begun).toBeLessThan(1_000);
    }
  });

  it('is computed when scrypt needs twice the memory of OWASP’s parameters', async () => {
    const passwords = await hasher({});
    expect(await passwords.verify(`$scrypt$ln=18,r=8,p=1$${salt}$${key}`, LEGACY_PASSWORD)).toBe(false);
  });
});

describe('A password of more than 128 code points', () => {
  it('is refused without being hashed', async () => {
    class Counting extends Argon2PasswordHasher {
      hashes = 0;
      protected override verifyArgon2(stored: string, password: string): Promise<boolean> {
        this.hashes += 1;
        return super.verifyArgon2(stored, password);
      }
    }
    const passwords = new Counting(config(), gate());
    await passwords.onModuleInit();
    for (const [password, hashes] of [
      ['😀'.repeat(128), 1],
      ['😀'.repeat(129), 0],
      ['x'.repeat(129), 0],
      ['x'.repeat(10_000_000), 0],
    ] as const) {
      for (const stored of [undefined, await passwords.hash('x'.repeat(129))]) {
        passwords.hashes = 0;
        expect(await passwords.verify(stored, password)).toBe(false);
        expect(passwords.hashes).toBe(hashes);
      }
    }
  });
});

describe('The choice of a hasher', () => {
  it.each([
    ['auto', NodeRsPasswordHasher],
    ['node-rs', NodeRsPasswordHasher],
    ['argon2', Argon2PasswordHasher],
  ])('follows PASSWORD_HASHER=%s when both packages are installed', async (implementation, expected) => {
    expect(await createPasswordHasher(config({ PASSWORD_HASHER: implementation }), gate())).toBeInstanceOf(expected);
  });

  it('falls back to argon2 for auto when @node-rs/argon2 is not installed', async () => {
    expect(await createPasswordHasher(config(), gate(), absent)).toBeInstanceOf(Argon2PasswordHasher);
  });

  it('fails the start with one line when node-rs is required but not installed', async () => {
    const start = createPasswordHasher(config({ PASSWORD_HASHER: 'node-rs' }), gate(), absent);
    await expect(start).rejects.toThrow(StartupError);
    await expect(start).rejects.toThrow(/^PASSWORD_HASHER=node-rs: .+ is not installed here\.$/);
  });
});

describe('The hash queue', () => {
  it('counts a check for an unknown account like any other', async () => {
    const passwords = await hasher({ HASH_QUEUE_MAX: '0', ARGON2_MEMORY_KIB: '65536' });
    const { running } = config().hashing;
    const answers = await Promise.allSettled(
      Array.from({ length: running + 1 }, () => passwords.verify(undefined, LEGACY_PASSWORD)),
    );
    expect(answers.map(({ status }) => status)).toEqual([...Array(running).fill('fulfilled'), 'rejected']);
  });
});
