import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { newAccount } from '../support/factories.js';

describe('POST /users', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

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
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toContain('argon2');
  });
});
