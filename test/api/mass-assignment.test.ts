import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaService } from '../../src/platform/database/index.js';
import { createRole } from '../support/accounts.js';
import { expectInvalid } from '../support/answers.js';
import { register, startApp, type TestApp } from '../support/app.js';
import { type Account, newAccount, type Session } from '../support/factories.js';
import { type Route, ROUTES } from '../support/routes.js';

/** Fields that no body may set, except on the route made for that field. */
const FORBIDDEN_FIELDS: Record<string, unknown> = {
  role: 'admin',
  roles: ['admin'],
  status: 'suspended',
  emailVerified: true,
  id: '00000000-0000-7000-8000-000000000000',
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAA',
  password_hash: 'x',
  isActive: false,
  createdAt: '2001-01-01T00:00:00.000Z',
  deletedAt: '2001-01-01T00:00:00.000Z',
  version: 7,
  statusBeforeDeletion: 'active',
  permissions: ['users:delete'],
  builtIn: true,
  lastLogin: null,
};

/** The forbidden fields that these routes do take. */
const OWN: Record<string, string[]> = {
  'PUT /api/v1/users/{id}/status': ['status'],
  'PUT /api/v1/users/{id}/roles': ['roles'],
  'POST /api/v1/users/invitations': ['roles'],
  'POST /api/v1/roles': ['permissions'],
  'PATCH /api/v1/roles/{name}': ['permissions'],
};

const writing = ROUTES.filter(({ method }) => method !== 'GET');

describe('A body with a field that clients may not set', () => {
  let test: TestApp;
  let admin: Session;
  let account: Account;
  let target: Session;
  let role: string;
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
    account = newAccount();
    target = await register(test.api, account);
    role = await createRole(test, ['users:read']);
  });
  afterAll(() => test.close());

  /** What the requests could change: users, roles, and the numbers of active sessions and of resets. */
  async function rows(): Promise<unknown> {
    const prisma = test.app.get(PrismaService);
    const [users, roles, sessions, resets] = await Promise.all([
      prisma.user.findMany({ orderBy: { id: 'asc' } }),
      prisma.role.findMany({ orderBy: { name: 'asc' } }),
      prisma.session.count({ where: { endedAt: null } }),
      prisma.oneTimeToken.count({ where: { purpose: 'operator_reset' } }),
    ]);
    return { users, roles, sessions, resets };
  }

  /** A body that the route accepts, with the credentials of the target where it needs them. */
  function validBody({ path, body }: Route): Record<string, unknown> {
    if (path.endsWith('/login')) return { email: account.email, password: account.password };
    if (path.endsWith('/refresh')) return { refreshToken: target.refreshToken };
    return body?.() ?? {};
  }

  it.each(writing)('is answered 400 by $method $path, and changes no row', async (route) => {
    const { method, path } = route;
    const self = path.endsWith('/password') || path.endsWith('/logout');
    const { token } = self ? target : admin;
    const url = path.replace('/api/v1', '').replace('{id}', target.user.id).replace('{name}', role);
    const before = await rows();
    for (const [field, value] of Object.entries(FORBIDDEN_FIELDS)) {
      if (OWN[`${method} ${path}`]?.includes(field)) continue;
      const body = { ...validBody(route), [field]: value };
      expectInvalid(await test.api.send(method, url, { token, body }), field);
    }
    expect(await rows()).toEqual(before);
  });
});
