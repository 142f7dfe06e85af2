import { describe, expect, it } from '@jest/globals';
import type { ApiAnswer } from '../support/client.js';
import { checkExchange, UndeclaredError } from '../support/openapi-check.js';

const USER = {
  id: '01a209c7-d5a3-7589-9581-1299510a4108',
  username: 'ada',
  email: 'ada@example.com',
  firstName: null,
  lastName: null,
  phoneNumber: null,
  dateOfBirth: null,
  profilePictureUrl: null,
  bio: null,
  status: 'active',
  isActive: true,
  emailVerified: false,
  roles: ['user'],
  createdAt: '2026-11-23T19:00:21.027Z',
  updatedAt: '2026-11-23T19:00:21.027Z',
  lastLogin: null,
};

function answer(changes: { status?: number; headers?: Record<string, string>; user?: object } = {}): ApiAnswer {
  return {
    status: changes.status ?? 200,
    headers: new Headers({ 'content-type': 'application/json', etag: '"1"', ...changes.headers }),
    text: '',
    body: { success: true, data: { user: { ...USER, ...changes.user } } },
  };
}

function check(planted: ApiAnswer, path = '/api/v1/users/me', method = 'GET', requestBody?: unknown): () => void {
  return () => checkExchange({ method, url: `http://localhost${path}`, requestBody, answer: planted });
}

describe('The API client of the tests', () => {
  it('accepts an answer that matches the API description', () => {
    expect(check(answer())).not.toThrow();
  });

  it.each([
    ['field', answer({ user: { passwordHash: 'x' } })],
    ['value of a field', answer({ user: { isActive: 'yes' } })],
    ['header', answer({ headers: { 'x-powered-by': 'x' } })],
    ['status', answer({ status: 202 })],
  ])('refuses an undeclared %s', (_what, planted) => {
    expect(check(planted)).toThrow(UndeclaredError);
  });

  it('refuses a success for an undeclared route, query parameter or body field', () => {
    expect(check(answer(), '/api/v1/nowhere')).toThrow(UndeclaredError);
    expect(check(answer(), '/api/v1/users/me?deep=1')).toThrow(UndeclaredError);
    const updated = { ...answer(), body: { ...answer().body, message: 'User updated successfully' } };
    expect(check(updated, '/api/v1/users/me', 'PATCH', { bio: 'x' })).not.toThrow();
    expect(check(updated, '/api/v1/users/me', 'PATCH', { admin: true })).toThrow(UndeclaredError);
  });
});
