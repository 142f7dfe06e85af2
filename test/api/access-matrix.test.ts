import { declarations } from '../../src/app.js';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeApi } from '../../src/platform/openapi/document.js';
import { type Holder, HOLDERS, type MatrixRow, readMatrix } from '../support/access-matrix.js';
import { login, register, startApp, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { newAccount, type Session } from '../support/factories.js';
import { ROUTES } from '../support/routes.js';
import { decodeToken } from '../support/tokens.js';

const MATRIX = readMatrix();
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const BASE = '/api/v1';

type Target = 'me' | 'self' | 'other' | 'unknown' | 'none';

interface Principal extends Session {
  readonly roles: readonly string[];
}

let test: TestApp;
let admin: Session;
const roleByPermissions = new Map<string, string>();
beforeAll(async () => {
  test = await startApp();
  admin = await test.admin();
});
afterAll(() => test.close());

/** The name of a role that holds only these permissions. */
async function roleOf(permissions: readonly string[]): Promise<string> {
  const known = roleByPermissions.get(permissions.join());
  if (known !== undefined) return known;
  const name = permissions.join('-and-').replaceAll(':', '-');
  const { status } = await test.api.post('/roles', { name, permissions }, { token: admin.token });
  expect(status).toBe(201);
  roleByPermissions.set(permissions.join(), name);
  return name;
}

/** Accounts that earlier calls have left as they were, by the roles they hold. */
const unchanged = new Map<string, Principal[]>();

async function principalWith(roles: readonly string[]): Promise<Principal> {
  return unchanged.get(roles.join())?.pop() ?? newPrincipal(roles);
}

function keepForLater(principal: Principal): void {
  const key = principal.roles.join();
  unchanged.set(key, [...(unchanged.get(key) ?? []), principal]);
}

async function newPrincipal(roles: readonly string[]): Promise<Principal> {
  const account = newAccount();
  const session = await register(test.api, account);
  if (roles.length === 0) return { ...session, roles };
  const { status } = await test.api.put(`/users/${session.user.id}/roles`, { roles }, { token: admin.token });
  expect(status).toBe(200);
  return { ...(await login(test.api, account)), roles };
}

async function principalOf(holder: Holder, { permissions }: MatrixRow): Promise<Principal> {
  switch (holder) {
    case 'no token':
    case 'user':
      return principalWith([]);
    case 'auditor':
    case 'admin':
      return principalWith([holder]);
    case 'these permissions':
      return principalWith(permissions.length === 0 ? [] : [await roleOf(permissions)]);
  }
}

const sessionIdOf = ({ token }: Session) => String(decodeToken(token).claims['sid']);

function targetsOf(route: string, holder: Holder): Target[] {
  if (!route.includes('{id}')) return ['none'];
  return holder === 'no token' ? ['self', 'other', 'unknown'] : ['me', 'self', 'other', 'unknown'];
}

async function call(
  { route }: MatrixRow,
  target: Target,
  self: Principal,
  token: string | undefined,
): Promise<ApiAnswer> {
  const [method = '', template = ''] = route.split(' ');
  const owner = target === 'other' ? await principalWith([]) : self;
  const id = { me: 'me', self: self.user.id, other: owner.user.id, unknown: randomUUID(), none: '' }[target];
  const path = template.replace('{id}', id).replace('{sessionId}', sessionIdOf(owner)).replace('{name}', 'user');
  const url = template.startsWith('/.well-known') ? `/${path}` : path;
  const documented = template.startsWith('/.well-known') ? template : `${BASE}${template}`;
  const body = ROUTES.find((known) => known.method === method && known.path === documented)?.body?.();
  const answer = await test.api.send(method, url, { token, body });
  if (method === 'GET' || answer.status >= 400) for (const principal of new Set([self, owner])) keepForLater(principal);
  return answer;
}

/** What the access rule decided, whatever the route itself answered afterwards. */
function verdictOf({ status, body }: ApiAnswer): string {
  if (status === 401 && body.error.message === 'No token provided') return 'no token';
  if (status === 403) return 'forbidden';
  return status === 404 && body.error.message === 'User not found' ? 'no such user' : 'let in';
}

function expectedVerdict({ reach }: MatrixRow, holder: Holder, target: Target): string {
  if (reach[holder] === 'none') return holder === 'no token' ? 'no token' : 'forbidden';
  const bySelf = target === 'me' || target === 'self';
  if (reach[holder] === 'self') return bySelf ? 'let in' : 'forbidden';
  if (reach[holder] === 'others' && bySelf) return 'forbidden';
  return target === 'unknown' ? 'no such user' : 'let in';
}

describe('The matrix of docs/access.md', () => {
  it('has one row for each route of the API, and no other rows', async () => {
    const { paths } = await describeApi(test.app, declarations(test.app));
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] !== undefined).map(
        (method) => `${method.toUpperCase()} ${path.replace(BASE, '')}`,
      ),
    );
    expect(MATRIX.map(({ route }) => route).toSorted()).toEqual(routes.toSorted());
  });

  it.each(MATRIX.map((row) => [row.route, row] as const))('states who may call %s', async (_, row) => {
    const expected: Record<string, string> = {};
    const seen: Record<string, string> = {};
    for (const holder of HOLDERS) {
      for (const target of targetsOf(row.route, holder)) {
        const self = await principalOf(holder, row);
        const answer = await call(row, target, self, holder === 'no token' ? undefined : self.token);
        expect(answer.status).toBeLessThan(500);
        seen[`${holder}, ${target}`] = verdictOf(answer);
        expected[`${holder}, ${target}`] = expectedVerdict(row, holder, target);
      }
    }
    expect(seen).toEqual(expected);
  });
});
