import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectFailure, expectInvalid } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { newAccount, PASSWORD } from '../support/factories.js';

const COMPOSITION = 'Password must contain uppercase, lowercase, number, and special character';
const TOO_SHORT = 'Password must be at least 8 characters';
const NOT_ALPHANUMERIC = 'Username must contain only alphanumeric characters';
const INVALID_EMAIL = 'Invalid email format';
const DAY_MS = 86_400_000;

/** A valid email address of exactly this length, which must be at least 198. */
function emailOfLength(length: number): string {
  const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}`;
  const rest = length - 64 - 1 - domain.length - 1 - '.com'.length;
  return `${'a'.repeat(64)}@${domain}.${'d'.repeat(rest)}.com`;
}

function dayFromNow(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

describe('POST /users', () => {
  let test: TestApp;
  let adminToken: string;
  beforeAll(async () => {
    test = await startApp();
    adminToken = (await test.admin()).token;
  });
  afterAll(() => test.close());

  async function countUsers(): Promise<number> {
    const { body } = await test.api.get('/users?limit=1', { token: adminToken });
    return body.data.pagination.totalItems;
  }

  async function expectRefused(body: unknown, field: string, message?: string): Promise<void> {
    const before = await countUsers();
    expectInvalid(await test.api.post('/users', body), field, message);
    expect(await countUsers()).toBe(before);
  }

  it('answers 201 with the user, its location and its version, and never the password', async () => {
    const account = newAccount({
      email: 'Ada.Lovelace@Example.com',
      firstName: 'Ada',
      lastName: 'Lovelace',
      phoneNumber: '+441632960001',
      dateOfBirth: '1815-12-10',
    });
    const { status, headers, body, text } = await test.api.post('/users', account);
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      message: 'User created successfully',
      data: {
        user: {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
          username: account.username,
          email: 'Ada.Lovelace@Example.com',
          firstName: 'Ada',
          lastName: 'Lovelace',
          phoneNumber: '+441632960001',
          dateOfBirth: '1815-12-10',
          profilePictureUrl: null,
          bio: null,
          status: 'active',
          isActive: true,
          emailVerified: false,
          roles: ['user'],
          createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          updatedAt: body.data.user.createdAt,
          lastLogin: null,
        },
      },
    });
    expect(headers.get('location')).toBe(`/api/v1/users/${body.data.user.id}`);
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toContain('argon2');
  });

  it('needs only username, email and password, and leaves the rest null', async () => {
    const { status, body } = await test.api.post('/users', newAccount());
    expect(status).toBe(201);
    expect(body.data.user).toMatchObject({ firstName: null, lastName: null, phoneNumber: null, dateOfBirth: null });
  });

  describe('accepts', () => {
    it.each([
      ['a username of 3 characters', { username: 'abc' }],
      ['a username of 50 characters', { username: 'u'.repeat(50) }],
      ['a username with capitals and digits', { username: 'Ada1815' }],
      ['an email of 255 characters', { email: emailOfLength(255) }],
      ['an email with a tag and dots', { email: 'First.Last+tag@sub.example.co' }],
      ['a password of 8 characters', { password: 'Zq7!kwpv' }],
      ['a password of 128 characters', { password: `Zq7!${'kwpv'.repeat(31)}` }],
      ['a password of 8 code points, four of them emoji', { password: 'Zq7!😀🐎🔋🧲' }],
      ['a password of 128 code points, most of them emoji', { password: `Zq7!${'😀'.repeat(124)}` }],
      ['a password with spaces and any other characters', { password: 'Zq7! ключ ü #\t"\\' }],
      ['a password with a username of three characters inside', { username: 'zq7', password: 'xZq7!kwpvx' }],
      ['a password with a local part of three characters inside', { email: 'kwp@example.com', password: 'xZq7!kwpvx' }],
      ['a first name of 1 character', { firstName: 'A' }],
      ['a first name of 100 characters', { firstName: 'a'.repeat(100) }],
      ['a first name of 100 emoji', { firstName: '😀'.repeat(100) }],
      ['a last name of 100 letters that are longer in lower case', { lastName: 'İ'.repeat(100) }],
      ['a last name of 100 emoji', { lastName: '🐎'.repeat(100) }],
      ['a phone number without a plus', { phoneNumber: '441632960001' }],
      ['a phone number of 2 digits', { phoneNumber: '+12' }],
      ['a phone number of 15 digits', { phoneNumber: '+123456789012345' }],
      ['a birth date of today', { dateOfBirth: dayFromNow(0) }],
      ['a birth date on a leap day', { dateOfBirth: '2024-02-29' }],
      ['a birth date in the year 1', { dateOfBirth: '0001-01-01' }],
    ])('%s', async (_, fields) => {
      const { status, body } = await test.api.post('/users', newAccount(fields));
      const { password: _password, ...visible }: Partial<typeof fields & { password: string }> = fields;
      expect({ status, user: body.data?.user }).toMatchObject({ status: 201, user: visible });
    });
  });

  describe('answers 400 and writes nothing for', () => {
    it.each([
      ['an empty username', { username: '' }, 'username', 'Username must be at least 3 characters'],
      ['a username of 2 characters', { username: 'ab' }, 'username', 'Username must be at least 3 characters'],
      [
        'a username of 51 characters',
        { username: 'u'.repeat(51) },
        'username',
        'Username must not exceed 50 characters',
      ],
      ['a username with an underscore', { username: 'ada_l' }, 'username', NOT_ALPHANUMERIC],
      ['a username with a space', { username: 'ada l' }, 'username', NOT_ALPHANUMERIC],
      ['a username with a line break', { username: 'adal\n' }, 'username', NOT_ALPHANUMERIC],
      ['a username with an accent', { username: 'adäl' }, 'username', NOT_ALPHANUMERIC],
      ['a username in Cyrillic', { username: 'аda' }, 'username', NOT_ALPHANUMERIC],
      ['a username with a Kelvin sign', { username: '\u212Aelvin' }, 'username', NOT_ALPHANUMERIC],
      ['a username with Arabic digits', { username: 'ada١٢٣' }, 'username', NOT_ALPHANUMERIC],
      ['an email without @', { email: 'ada.example.com' }, 'email', INVALID_EMAIL],
      ['an email without a domain', { email: 'ada@' }, 'email', INVALID_EMAIL],
      ['an email without a local part', { email: '@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a space', { email: 'ada l@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a display name before it', { email: 'Ada <ada@example.com>' }, 'email', INVALID_EMAIL],
      ['two emails', { email: 'a@example.com,b@example.com' }, 'email', INVALID_EMAIL],
      ['an email with an accent', { email: 'adä@example.com' }, 'email', INVALID_EMAIL],
      ['an email with an international domain', { email: 'ada@exämple.com' }, 'email', INVALID_EMAIL],
      [
        'an email with a local part of 65 characters',
        { email: `${'a'.repeat(65)}@example.com` },
        'email',
        INVALID_EMAIL,
      ],
      ['an email with a Kelvin sign', { email: '\u212Aelvin@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a quoted local part', { email: '"mike"@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a quoted dot', { email: '"mike.l"@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a quoted word of its local part', { email: 'a."b".c@example.com' }, 'email', INVALID_EMAIL],
      ['an email with an escaped letter', { email: 'm\\ike@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a comment', { email: 'mike(work)@example.com' }, 'email', INVALID_EMAIL],
      ['an email with a label of 64 characters', { email: `a@${'b'.repeat(64)}.com` }, 'email', INVALID_EMAIL],
      ['an email of 256 characters', { email: emailOfLength(256) }, 'email', INVALID_EMAIL],
      ['a password of 7 characters', { password: 'Zq7!kwp' }, 'password', TOO_SHORT],
      ['a password of 7 code points', { password: 'Zq7!😀🐎🔋' }, 'password', TOO_SHORT],
      ['a password without a lower-case letter', { password: 'ZQ7!KWPVX' }, 'password', COMPOSITION],
      ['a password without an upper-case letter', { password: 'zq7!kwpvx' }, 'password', COMPOSITION],
      ['a password without a digit', { password: 'Zqq!kwpvx' }, 'password', COMPOSITION],
      ['a password without a special character', { password: 'Zq7kwpvxx' }, 'password', COMPOSITION],
      ['a password with only unlisted special characters', { password: 'Zq7#-_kwpv' }, 'password', COMPOSITION],
      ['a password whose only capital is not ASCII', { password: 'Äq7!kwpvx' }, 'password', COMPOSITION],
    ])('%s, with its own message', async (_, fields, field, message) => {
      await expectRefused({ ...newAccount(), ...fields }, field, message);
    });

    it.each([
      ['no username', { username: undefined }, 'username'],
      ['no email', { email: undefined }, 'email'],
      ['no password', { password: undefined }, 'password'],
      ['a password of 129 characters', { password: `Zq7!${'k'.repeat(125)}` }, 'password'],
      ['a password of 129 code points', { password: `Zq7!${'😀'.repeat(125)}` }, 'password'],
      ['a password with its username inside', { username: 'kwpv', password: 'Zq7!kwpvx' }, 'password'],
      ['a password with its username in another case', { username: 'KWpv', password: 'Zq7!kwPVx' }, 'password'],
      [
        "a password that contains the email's local part",
        { email: 'kwpv@example.com', password: 'Zq7!KWPVx' },
        'password',
      ],
      ['an empty first name', { firstName: '' }, 'firstName'],
      ['a first name of 101 characters', { firstName: 'a'.repeat(101) }, 'firstName'],
      ['a first name of 101 emoji', { firstName: '😀'.repeat(101) }, 'firstName'],
      ['an empty last name', { lastName: '' }, 'lastName'],
      ['a last name of 101 characters', { lastName: 'a'.repeat(101) }, 'lastName'],
      ['an empty phone number', { phoneNumber: '' }, 'phoneNumber'],
      ['a phone number of 1 digit', { phoneNumber: '+1' }, 'phoneNumber'],
      ['a phone number of 16 digits', { phoneNumber: '+1234567890123456' }, 'phoneNumber'],
      ['a phone number with a leading zero', { phoneNumber: '01632960001' }, 'phoneNumber'],
      ['a phone number with spaces', { phoneNumber: '+44 1632 960001' }, 'phoneNumber'],
      ['a phone number with two pluses', { phoneNumber: '++441632960001' }, 'phoneNumber'],
      ['a phone number with letters', { phoneNumber: '+44CALLME' }, 'phoneNumber'],
      ['a phone number with a line break', { phoneNumber: '+441632960001\n' }, 'phoneNumber'],
      ['a phone number in Arabic digits', { phoneNumber: '+٤٤١٦٣٢' }, 'phoneNumber'],
      ['a birth date of tomorrow', { dateOfBirth: dayFromNow(1) }, 'dateOfBirth'],
      ['a birth date on 29 February of a common year', { dateOfBirth: '2023-02-29' }, 'dateOfBirth'],
      ['a birth date on 31 April', { dateOfBirth: '2020-04-31' }, 'dateOfBirth'],
      ['a birth date in month 13', { dateOfBirth: '2020-13-01' }, 'dateOfBirth'],
      ['a birth date in the year 0', { dateOfBirth: '0000-01-01' }, 'dateOfBirth'],
      ['a birth date without leading zeros', { dateOfBirth: '2020-1-1' }, 'dateOfBirth'],
      ['a birth date with a time', { dateOfBirth: '2020-01-01T00:00:00.000Z' }, 'dateOfBirth'],
      ['an empty birth date', { dateOfBirth: '' }, 'dateOfBirth'],
    ])('%s', async (_, fields, field) => {
      await expectRefused({ ...newAccount(), ...fields }, field);
    });

    const names = ['username', 'email', 'password', 'firstName', 'lastName', 'phoneNumber', 'dateOfBirth'];
    const wrong = [['a'], [], { a: 1 }, {}, 12_345_678, true];
    it.each(names.flatMap((name) => wrong.map((value) => [name, value] as const)))('%s as %j', async (name, value) => {
      await expectRefused({ ...newAccount(), [name]: value }, name);
    });

    it.each(['username', 'email', 'password'])('%s as null', async (name) => {
      await expectRefused({ ...newAccount(), [name]: null }, name);
    });

    it.each([
      ['role', 'admin'],
      ['roles', ['admin']],
      ['status', 'active'],
      ['emailVerified', true],
      ['id', '01931b8e-3c5a-7cc1-9d0e-2f6b8a4d1e37'],
      ['passwordHash', 'x'],
      ['isActive', true],
      ['createdAt', '2020-01-01T00:00:00.000Z'],
      ['updatedAt', '2020-01-01T00:00:00.000Z'],
      ['lastLogin', null],
      ['version', 7],
      ['deletedAt', null],
      ['bio', 'Hello'],
      ['profilePictureUrl', 'https://example.com/a.png'],
      ['usernameLower', 'x'],
      ['isadmin', true],
    ])('the field %s, which a registration may not set', async (field, value) => {
      await expectRefused({ ...newAccount(), [field]: value }, field);
    });

    it.each([[[]], [[newAccount()]], ['text'], [7], [true], [null]])('the body %j', async (body) => {
      const before = await countUsers();
      expectFailure(await test.api.post('/users', body), { status: 400, code: 'VALIDATION_ERROR' });
      expect(await countUsers()).toBe(before);
    });

    it('a missing body, and names every fault of an invalid one at once', async () => {
      expectFailure(await test.api.post('/users'), { status: 400, code: 'VALIDATION_ERROR' });
      const { body } = await test.api.post('/users', { username: 'a', email: 'b', password: PASSWORD, age: 3 });
      const fields = body.error.details.map(({ field }: { field: string }) => field);
      expect(fields.toSorted()).toEqual(['age', 'email', 'username']);
    });
  });
});

describe('POST /users with REGISTRATION=closed', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp({ REGISTRATION: 'closed' });
  });
  afterAll(() => test.close());

  it('answers 401 without a token and 403 to a user, whatever the body, and 201 to an admin', async () => {
    const [account, another] = [newAccount(), newAccount()];
    const refused = await test.api.post('/users', account);
    expectFailure(refused, { status: 401, code: 'UNAUTHORIZED', message: 'No token provided' });
    const { token: adminToken } = await test.admin();
    const { status, body } = await test.api.post('/users', account, { token: adminToken });
    expect({ status, roles: body.data.user.roles }).toEqual({ status: 201, roles: ['user'] });
    const { email, password } = account;
    const login = await test.api.post('/auth/login', { email, password });
    const token: string = login.body.data.accessToken;
    expectFailure(await test.api.post('/users', another, { token }), { status: 403, code: 'FORBIDDEN' });
    expectFailure(await test.api.post('/users', { email: 7 }, { token }), { status: 403, code: 'FORBIDDEN' });
    expectFailure(await test.api.post('/users', { email: 7 }), { status: 401, code: 'UNAUTHORIZED' });
    await expect(register(test.api, another)).rejects.toThrow('401');
  });
});
