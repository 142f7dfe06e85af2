import { randomUUID } from 'node:crypto';
import { newAccount, newRoleName, PASSWORD } from './factories.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, in OpenAPI's notation. */
  readonly path: string;
  /** Whether anyone may call it without a token. */
  readonly public: boolean;
  /** Makes a body that the route takes; without it, the route takes none. */
  readonly body?: () => Record<string, unknown>;
}

const BASE = '/api/v1';

/** Every route of the API. The explorer's test compares it with what the application says it has. */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: `${BASE}/users`, public: true, body: () => ({ ...newAccount() }) },
  { method: 'GET', path: `${BASE}/users`, public: false },
  { method: 'GET', path: `${BASE}/users/{id}`, public: false },
  {
    method: 'PATCH',
    path: `${BASE}/users/{id}`,
    public: false,
    body: () => ({ bio: 'Likes looms.', firstName: 'Ada' }),
  },
  { method: 'DELETE', path: `${BASE}/users/{id}`, public: false },
  {
    method: 'PUT',
    path: `${BASE}/users/{id}/password`,
    public: false,
    body: () => ({ currentPassword: PASSWORD, newPassword: PASSWORD }),
  },
  { method: 'GET', path: `${BASE}/users/{id}/sessions`, public: false },
  { method: 'DELETE', path: `${BASE}/users/{id}/sessions`, public: false },
  { method: 'DELETE', path: `${BASE}/users/{id}/sessions/{sessionId}`, public: false },
  {
    method: 'PUT',
    path: `${BASE}/users/{id}/status`,
    public: false,
    body: () => ({ status: 'active', reason: 'They asked.' }),
  },
  { method: 'PUT', path: `${BASE}/users/{id}/roles`, public: false, body: () => ({ roles: ['user'] }) },
  { method: 'POST', path: `${BASE}/users/{id}/restore`, public: false },
  { method: 'POST', path: `${BASE}/users/{id}/email-verification`, public: false },
  { method: 'POST', path: `${BASE}/users/{id}/password-reset`, public: false },
  { method: 'GET', path: `${BASE}/roles`, public: false },
  { method: 'POST', path: `${BASE}/roles`, public: false, body: () => ({ name: newRoleName(), permissions: [] }) },
  { method: 'GET', path: `${BASE}/roles/{name}`, public: false },
  { method: 'PATCH', path: `${BASE}/roles/{name}`, public: false, body: () => ({ description: 'Reads.' }) },
  { method: 'DELETE', path: `${BASE}/roles/{name}`, public: false },
  { method: 'GET', path: `${BASE}/permissions`, public: false },
  { method: 'GET', path: `${BASE}/audit-logs`, public: false },
  { method: 'GET', path: `${BASE}/audit-logs/verification`, public: false },
  { method: 'GET', path: `${BASE}/audit-logs/export`, public: false },
  { method: 'GET', path: `${BASE}/audit-logs/{entryId}`, public: false },
  { method: 'GET', path: `${BASE}/users/{id}/audit-logs`, public: false },
  {
    method: 'POST',
    path: `${BASE}/auth/reset-password`,
    public: true,
    body: () => ({ resetToken: 'no-token', newPassword: PASSWORD }),
  },
  {
    method: 'POST',
    path: `${BASE}/auth/login`,
    public: true,
    body: () => ({ email: 'nobody@example.com', password: PASSWORD }),
  },
  { method: 'POST', path: `${BASE}/auth/refresh`, public: true, body: () => ({ refreshToken: 'no-token' }) },
  { method: 'POST', path: `${BASE}/auth/logout`, public: false },
  { method: 'GET', path: `${BASE}/health`, public: true },
  { method: 'GET', path: `${BASE}/health/live`, public: true },
  { method: 'GET', path: `${BASE}/health/ready`, public: true },
  { method: 'GET', path: '/.well-known/jwks.json', public: true },
];

export interface KnownPath {
  readonly path: string;
  /** What `Allow` lists, in its order. */
  readonly methods: readonly string[];
}

const ALLOW_ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Every path of the API and the methods that it answers to. */
export const KNOWN_PATHS: readonly KnownPath[] = [...new Set(ROUTES.map(({ path }) => path))].map((path) => {
  const own = new Set<string>(ROUTES.filter((route) => route.path === path).map(({ method }) => method));
  if (own.has('GET')) own.add('HEAD');
  own.add('OPTIONS');
  return { path, methods: ALLOW_ORDER.filter((method) => own.has(method)) };
});

/** The path with `me` in the place of each user's id, a role of everybody's name, and the id of no session. */
export function ofSelf(path: string): string {
  return path
    .replace('{id}', 'me')
    .replace('{name}', 'user')
    .replace(/\{(?:sessionId|entryId)\}/, randomUUID());
}
