import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { anyString, Field } from '../../src/platform/input/index.js';
import type { ApiPropertyOptions } from '../../src/platform/openapi/index.js';

/** About 62 KB, under the limit of a body. */
const ONES = `[${Array.from({ length: 31_000 }, () => '1').join(',')}]`;
/** What the answer to a small malformed body may weigh, and far less than a list of faults would. */
const MAX_ANSWER_BYTES = 4_096;

describe('A body that is no object', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  const post = (path: string, raw: string) => test.api.send('POST', path, { raw });

  it.each([
    ['a long list', ONES],
    ['a list of lists', `[${Array.from({ length: 15_000 }, () => '[]').join(',')}]`],
    ['a list of objects', `[${Array.from({ length: 15_000 }, () => '{}').join(',')}]`],
    ['an empty list', '[]'],
    ['a list with an account', JSON.stringify([newAccount()])],
    ['null', 'null'],
    ['true', 'true'],
    ['a number', '0'],
    ['a text', JSON.stringify('x'.repeat(10_000))],
  ])('is one fault of the body: %s', async (_, raw) => {
    const { status, body } = await post('/users', raw);
    const details = [{ field: 'body', rule: 'type', message: 'The body must be a JSON object' }];
    expect([status, body.error.details]).toEqual([400, details]);
  });

  it.each(['/auth/login', '/auth/refresh', '/auth/reset-password'])('is a 400 on %s', async (path) => {
    const { status, body } = await post(path, '[{"email":"a"}]');
    expect([status, body.error.details[0].rule]).toEqual([400, 'type']);
  });

  it('is a 401 without a token where one is needed', async () => {
    expect((await test.api.send('PATCH', '/users/me', { raw: '[]' })).status).toBe(401);
  });

  it.each([
    ['as the body', '/users', ONES],
    ['in a field that takes a text', '/users', `{"username":${ONES}}`],
    ['in an unknown field', '/users', `{"roles":${ONES}}`],
    ['as names', '/auth/login', `{"email":[${'"a",'.repeat(3_000)}"a"],"password":"x"}`],
  ])('and a long list %s are answered in brief', async (_, path, raw) => {
    const { status, text } = await post(path, raw);
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(MAX_ANSWER_BYTES);
  });

  it.each([
    ['PUT', '/users/me/roles', 'roles', 101],
    ['POST', '/roles', 'permissions', 1_001],
  ])('apart, %s %s takes a list up to its maximum', async (method, path, field, count) => {
    const { token } = await test.admin();
    const values = Array.from({ length: count }, (_, n) => `x${n}`);
    const { status, body } = await test.api.send(method, path, { token, body: { name: 'many', [field]: values } });
    expect(status).toBe(400);
    expect(body.error.details).toContainEqual({ field, rule: 'too_many', message: expect.any(String) });
  });
});

describe('A field that takes a list', () => {
  it.each<[string, ApiPropertyOptions]>([
    ['a list of a type', { type: [String] }],
    ['isArray', { type: String, isArray: true }],
  ])('cannot be declared without a maximum: %s', (_, documentation) => {
    expect(() => Field(anyString('tags'), 'optional', documentation)).toThrow('maxItems');
    expect(() => Field(anyString('tags'), 'optional', { ...documentation, maxItems: 9 })).not.toThrow();
  });
});
