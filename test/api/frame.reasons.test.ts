import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAULT_RULES, type FaultRule, UNAUTHORIZED_REASONS } from '../../src/platform/errors/index.js';
import { type ApiAnswer, type ApiRequest } from '../support/client.js';
import { register, SECRETS, startApp, type TestApp } from '../support/app.js';
import { description } from '../support/description.js';
import { newAccount, PASSWORD, type Session } from '../support/factories.js';
import { decodeToken, signToken } from '../support/tokens.js';

type Send = (test: TestApp, user: Session) => Promise<ApiAnswer>;

function expired(token: string): string {
  const { header, claims } = decodeToken(token);
  return signToken({ header, claims: { ...claims, exp: 1_700_000_000 } }, SECRETS.JWT_SECRET);
}

const login = (test: TestApp, body: object) => test.api.post('/auth/login', body);
const create = (overrides: object, without?: 'username' | 'email' | 'password'): Send => {
  return ({ api }) => api.post('/users', { ...newAccount(), ...overrides, ...(without && { [without]: undefined }) });
};
const raw =
  (text: string): Send =>
  ({ api }) =>
    api.send('POST', '/users', { raw: text });
const change =
  (body: object): Send =>
  ({ api }, { token }) =>
    api.patch('/users/me', body, { token });
const list =
  (query: string): Send =>
  async (test) =>
    test.api.get(`/users?${query}`, { token: (await test.admin()).token });
const asAdmin =
  (method: string, path: string, request: ApiRequest): Send =>
  async (test) =>
    test.api.send(method, path, { ...request, token: (await test.admin()).token });

describe('Errors for machines', () => {
  let test: TestApp;
  let user: Session;
  beforeAll(async () => {
    test = await startApp();
    user = await register(test.api, newAccount());
  });
  afterAll(() => test.close());

  it.each<[string, string, Send]>([
    ['no token', 'no_token', ({ api }) => api.get('/users/me')],
    ['another scheme', 'no_token', ({ api }) => api.get('/users/me', { headers: { authorization: 'Basic YTpi' } })],
    ['a garbage token', 'invalid_token', ({ api }) => api.get('/users/me', { token: 'garbage' })],
    ['an expired token', 'token_expired', ({ api }, { token }) => api.get('/users/me', { token: expired(token) })],
    ['an unknown account', 'invalid_credentials', (one) => login(one, { username: 'nobody1', password: PASSWORD })],
    [
      'a wrong password',
      'invalid_credentials',
      (one, { user: { email } }) => login(one, { email, password: 'Wrong-1!' }),
    ],
    [
      'a wrong current password',
      'wrong_current_password',
      ({ api }, { token }) =>
        api.put(
          '/users/me/password',
          { currentPassword: 'Wrong-1!', newPassword: 'Better-horse-8-battery!' },
          { token },
        ),
    ],
    [
      'a wrong current password beside a new email',
      'wrong_current_password',
      change({ email: newAccount().email, currentPassword: 'Wrong-1!' }),
    ],
    ['a garbage refresh token', 'invalid_token', ({ api }) => api.post('/auth/refresh', { refreshToken: 'x' })],
    [
      'a garbage reset token',
      'invalid_token',
      ({ api }) => api.post('/auth/reset-password', { resetToken: 'x', newPassword: 'Better-horse-8-battery!' }),
    ],
  ])('give %s the reason %s', async (_, reason, send) => {
    const { status, body } = await send(test, user);
    expect([status, body.error.reason]).toEqual([401, reason]);
  });

  it('give no reason but for a 401', async () => {
    const { token } = user;
    const answers = [
      await test.api.get('/users', { token }),
      await test.api.get('/nowhere'),
      await create({ email: 1 })(test, user),
    ];
    expect(answers.map(({ status, body }) => [status, 'reason' in body.error])).toEqual([
      [403, false],
      [404, false],
      [400, false],
    ]);
  });

  it.each<[FaultRule, string, string, Send]>([
    ['required', 'email', 'a missing field', create({}, 'email')],
    ['required', 'password', 'a missing password', create({}, 'password')],
    ['required', 'body', 'a change of nothing', change({})],
    ['required', 'currentPassword', 'a new email alone', change({ email: newAccount().email })],
    ['required', 'email', 'a login without a name', (one) => login(one, { password: PASSWORD })],
    ['not_allowed', 'email', 'a login with two names', (one) => login(one, { ...newAccount(), firstName: undefined })],
    ['type', 'username', 'a number for a text', create({ username: 12345 })],
    ['type', 'firstName', 'a list for a text', create({ firstName: ['Ada'] })],
    ['type', 'roles', 'a text for a list', asAdmin('PUT', '/users/me/roles', { body: { roles: 'admin' } })],
    ['type', 'limit', 'a word for a number', list('limit=many')],
    ['format', 'email', 'a malformed email', create({ email: 'nowhere' })],
    ['format', 'username', 'a username with a blank', create({ username: 'ada lovelace' })],
    ['format', 'dateOfBirth', 'a day that does not exist', create({ dateOfBirth: '2026-02-30' })],
    ['format', 'id', 'an id that is none', asAdmin('GET', '/users/x', {})],
    ['format', 'If-Match', 'a condition that is none', asAdmin('PATCH', '/users/me', { headers: { 'if-match': '1' } })],
    ['min_length', 'username', 'a short username', create({ username: 'ab' })],
    ['min_length', 'password', 'a short password', create({ password: 'Ab1!' })],
    ['min_length', 'search', 'a short search', list('search=a')],
    ['max_length', 'username', 'a long username', create({ username: 'a'.repeat(51) })],
    ['max_length', 'bio', 'a long bio', change({ bio: 'x'.repeat(501) })],
    ['max_length', 'email', 'a long email', create({ email: `${'a'.repeat(250)}@example.com` })],
    ['minimum', 'limit', 'a limit of 0', list('limit=0')],
    ['maximum', 'limit', 'a limit of 101', list('limit=101')],
    ['maximum', 'dateOfBirth', 'a birth to come', create({ dateOfBirth: '2999-01-01' })],
    ['not_allowed', 'status', 'a status that is none', list('status=gone')],
    ['not_allowed', 'roles', 'an unknown role', asAdmin('PUT', '/users/me/roles', { body: { roles: ['ghost'] } })],
    [
      'not_allowed',
      'permissions',
      'an unknown permission',
      asAdmin('POST', '/roles', { body: { name: 'r1', permissions: ['x:y'] } }),
    ],
    ['not_allowed', 'body', 'a body that a route does not take', asAdmin('POST', '/auth/logout', { body: [1] })],
    ['unknown_field', 'isAdmin', 'an unknown field', create({ isAdmin: true })],
    ['unknown_field', 'colour', 'an unknown parameter', list('colour=red')],
    ['unknown_field', 'x', 'a field of a route without any', asAdmin('POST', '/auth/logout', { body: { x: 1 } })],
    ['duplicate_key', 'body', 'a key twice', raw('{"a":1,"a":2}')],
    ['duplicate_key', 'query', 'a parameter twice', list('page=1&page=2')],
    [
      'too_many',
      'roles',
      '101 roles',
      asAdmin('PUT', '/users/me/roles', { body: { roles: Array.from({ length: 101 }, (_, n) => `r${n}`) } }),
    ],
    ['too_many', 'body', 'deep nesting', raw('['.repeat(30) + ']'.repeat(30))],
    ['malformed', 'body', 'malformed JSON', raw('{')],
    ['malformed', 'query', 'a lone percent sign', list('search=%zz')],
    ['malformed', 'cursor', 'a forged cursor', list('cursor=AAAA')],
    ['taken', 'email', 'an email that is taken', (one, { user: { email } }) => create({ email })(one, user)],
    ['taken', 'username', 'a username that is taken', (one, { user: { username } }) => create({ username })(one, user)],
    ['weak_password', 'password', 'a password of one kind', create({ password: 'abcdefghijkl' })],
    ['weak_password', 'password', 'the name as a password', create({ username: 'lovelace', password: 'Lovelace-1!' })],
    ['common_password', 'password', 'a common password', create({ password: 'Password1!' })],
  ])('name the rule %s of %s for %s', async (rule, field, _, send) => {
    const { status, body } = await send(test, user);
    expect([400, 409]).toContain(status);
    expect(body.error.details).toContainEqual({ field, rule, message: expect.any(String) });
  });

  it('list at most 20 faults', async () => {
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`field${n}`, n]));
    const query = Object.keys(many).join('&');
    for (const send of [create(many), list(query), asAdmin('POST', '/auth/logout', { body: many })]) {
      const { status, body } = await send(test, user);
      expect([status, body.error.details.length]).toEqual([400, 20]);
    }
  });

  it('are enumerated in the API description', () => {
    const schemas = JSON.parse(JSON.stringify(description.components.schemas));
    expect(schemas.ErrorContent.properties.reason.enum).toEqual(UNAUTHORIZED_REASONS);
    expect(schemas.FieldFaultResponse.properties.rule.enum).toEqual(FAULT_RULES);
    expect(schemas.FieldFaultResponse.required).toContain('rule');
    expect(schemas.ErrorContent.properties.details.maxItems).toBe(20);
  });
});
