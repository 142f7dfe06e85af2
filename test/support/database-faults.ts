import { expect } from '@jest/globals';
import { expectFailure } from './answers.js';
import type { ApiAnswer, ApiClient } from './client.js';
import { newAccount, OTHER_PASSWORD, PASSWORD, type Session } from './factories.js';
import { waitUntil } from './wait.js';

/** Expects the answer to a request that the database cannot serve now. */
export function expectUnavailable(answer: ApiAnswer): void {
  expectFailure(answer, { status: 503, code: 'SERVICE_UNAVAILABLE' });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

export async function expectHealth(api: ApiClient, status: 200 | 503): Promise<void> {
  const [health, ready, live] = await Promise.all(
    ['/health', '/health/ready', '/health/live'].map((path) => api.get(path)),
  );
  expect([health?.status, ready?.status, live?.status]).toEqual([status, status, 200]);
  expect(health?.body.services.database.status).toBe(status === 200 ? 'healthy' : 'unhealthy');
}

export function recovery(api: ApiClient): Promise<void> {
  return waitUntil('the service is healthy', async () => (await api.get('/health/ready')).status === 200);
}

/** Requests that read, by an admin. */
export function reads(api: ApiClient, token: string): Promise<ApiAnswer>[] {
  const paths = ['/users/me', '/users', '/users?search=person', '/users/me/sessions', '/roles', '/permissions'];
  return paths.map((path) => api.get(path, { token }));
}

/** Requests that write, by a user. */
export function writes(api: ApiClient, { token, refreshToken, user }: Session): Promise<ApiAnswer>[] {
  return [
    api.post('/users', newAccount()),
    api.post('/auth/login', { email: user.email, password: PASSWORD }),
    api.post('/auth/refresh', { refreshToken }),
    api.patch('/users/me', { bio: 'Changed.' }, { token }),
    api.put('/users/me/password', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }, { token }),
    api.delete('/users/me/sessions', { token }),
    api.delete('/users/me', { token }),
    api.post('/auth/logout', undefined, { token }),
  ];
}
