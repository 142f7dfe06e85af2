import { randomUUID } from 'node:crypto';
import { description } from './description.js';
import { newAccount, newRoleName, PASSWORD } from './factories.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface Route {
  readonly method: (typeof METHODS)[number];
  /** From the root, in OpenAPI's notation. */
  readonly path: string;
  /** Whether the route may be called without a token. */
  readonly public: boolean;
  /** Makes a body that the route takes; without it, the route takes none. */
  readonly body?: () => Record<string, unknown>;
}

/** What the API description says of a route. */
export interface DescribedRoute extends Route {
  readonly operationId: string;
  readonly statuses: readonly number[];
}

/** A body that each route takes, for every route that takes one. */
const BODIES: Readonly<Record<string, () => Record<string, unknown>>> = {
  'POST /api/v1/users': () => ({ ...newAccount() }),
  'PATCH /api/v1/users/{id}': () => ({ bio: 'Likes looms.', firstName: 'Ada' }),
  'PUT /api/v1/users/{id}/password': () => ({ currentPassword: PASSWORD, newPassword: PASSWORD }),
  'PUT /api/v1/users/{id}/status': () => ({ status: 'active', reason: 'They asked.' }),
  'PUT /api/v1/users/{id}/roles': () => ({ roles: ['user'] }),
  'POST /api/v1/roles': () => ({ name: newRoleName(), permissions: [] }),
  'PATCH /api/v1/roles/{name}': () => ({ description: 'Reads.' }),
  'POST /api/v1/auth/reset-password': () => ({ resetToken: 'no-token', newPassword: PASSWORD }),
  'POST /api/v1/users/invitations': () => {
    const { username, email } = newAccount();
    return { username, email, firstName: 'Ada' };
  },
  'POST /api/v1/auth/forgot-password': () => ({ email: 'unknown@example.com' }),
  'POST /api/v1/auth/verify-email': () => ({ token: 'no-token' }),
  'POST /api/v1/auth/accept-invitation': () => ({ token: 'no-token', password: PASSWORD }),
  'POST /api/v1/auth/login': () => ({ email: 'unknown@example.com', password: PASSWORD }),
  'POST /api/v1/auth/refresh': () => ({ refreshToken: 'no-token' }),
};

/** Every route of the API, as docs/api/openapi.yaml lists them. */
export const ROUTES: readonly DescribedRoute[] = Object.entries(description.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const operation = item[method.toLowerCase()];
    if (operation === undefined) return [];
    const body = BODIES[`${method} ${path}`];
    if ((body === undefined) !== (operation.requestBody === undefined)) {
      throw new Error(`BODIES and docs/api/openapi.yaml disagree whether ${method} ${path} takes a body`);
    }
    const open = operation.security?.some((scheme) => Object.keys(scheme).length === 0) === true;
    const { operationId, responses } = operation;
    const statuses = Object.keys(responses).map(Number);
    return [{ method, path, operationId, statuses, public: open, ...(body === undefined ? {} : { body }) }];
  }),
);

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

/** The path as the test client takes it. */
export function asSent(path: string): string {
  return `/${path}`.replace(/^\/\/api\/v1/, '');
}

const NOT_FOR_ONESELF = /^\/users\/\{id\}\/(?:email-verification|password-reset)$/;

/** Like `ofSelf`, with the id of another user on the routes that refuse the own one. */
export function ofAllowed(path: string, otherId: string): string {
  return ofSelf(NOT_FOR_ONESELF.test(path.replace('/api/v1', '')) ? path.replace('{id}', otherId) : path);
}

/** The path with `me` as the user, a role that every user holds, and an id that names no session and no entry. */
export function ofSelf(path: string): string {
  return path
    .replace('{id}', 'me')
    .replace('{name}', 'user')
    .replace(/\{(?:sessionId|entryId)\}/, randomUUID());
}
