import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectFailure, statusCounts } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';

const MESSAGES = { email: 'Email already exists', username: 'Username already exists' };

function expectTaken(answer: ApiAnswer, field: 'email' | 'username'): void {
  const message = MESSAGES[field];
  expectFailure(answer, { status: 409, code: 'DUPLICATE_RESOURCE', message });
  expect(answer.body.error.details).toEqual([{ field, rule: 'taken', message }]);
}

describe('POST /users with an email or username that is taken', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it.each([
    ['unchanged', (text: string) => text],
    ['in capitals', (text: string) => text.toUpperCase()],
    ['in mixed case', (text: string) => text[0]?.toUpperCase() + text.slice(1)],
  ])('answers 409 and names the email, or else the username, if it is sent %s', async (_, vary) => {
    const owner = newAccount();
    await register(test.api, owner);
    const [email, username] = [vary(owner.email), vary(owner.username)];
    expectTaken(await test.api.post('/users', newAccount({ email })), 'email');
    expectTaken(await test.api.post('/users', newAccount({ username })), 'username');
    expectTaken(await test.api.post('/users', newAccount({ email, username })), 'email');
  });

  it('names the email when the email and the username belong to different accounts', async () => {
    const [one, other] = [newAccount(), newAccount()];
    await register(test.api, one);
    await register(test.api, other);
    expectTaken(await test.api.post('/users', newAccount({ email: one.email, username: other.username })), 'email');
    expectTaken(await test.api.post('/users', newAccount({ email: other.email, username: one.username })), 'email');
  });

  it('answers 400, not 409, when another field is invalid', async () => {
    const { email } = newAccount();
    await register(test.api, newAccount({ email }));
    const answer = await test.api.post('/users', newAccount({ email, firstName: '' }));
    expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR' });
  });

  it.each(['email', 'username'] as const)('accepts one of 50 parallel registrations of the same %s', async (field) => {
    const wanted = newAccount()[field];
    const answers = await inParallel(50, (index) =>
      test.api.post('/users', newAccount({ [field]: index % 2 === 0 ? wanted : wanted.toUpperCase() })),
    );
    expect(statusCounts(answers)).toEqual({ 201: 1, 409: 49 });
    for (const answer of answers.filter(({ status }) => status === 409)) expectTaken(answer, field);
    const { token } = await test.admin();
    const list = await test.api.get(`/users?${field}=${encodeURIComponent(wanted)}`, { token });
    expect(list.body.data.pagination.totalItems).toBe(1);
  });

  it('names the email when 50 parallel registrations have the same email and username', async () => {
    const account = newAccount();
    const answers = await inParallel(50, () => test.api.post('/users', account));
    expect(statusCounts(answers)).toEqual({ 201: 1, 409: 49 });
    for (const answer of answers.filter(({ status }) => status === 409)) expectTaken(answer, 'email');
  });
});
