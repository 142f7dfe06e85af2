import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Injectable,
  Module,
  NotFoundException,
  Param,
  ServiceUnavailableException,
  UnauthorizedException,
  UnprocessableEntityException,
} from '@nestjs/common';
import { IsBoolean, IsInt, Min } from 'class-validator';
import { defineExtension, DomainError, Public, RequirePermissions, ApiAnswer, startApp } from '../../src/core/index.js';
import type { TestApp } from '../../src/testing/index.js';
import { login, register } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { eventually } from '../support/wait.js';

class SoldOut extends DomainError.of('SOLD_OUT', 409) {}
class Odd extends DomainError.of('ODD', 42) {}

const THROWN: Record<string, () => unknown> = {
  soldOut: () => new SoldOut('No seat is left'),
  soldOutWithoutWords: () => new SoldOut(),
  oddStatus: () => new Odd('internal words'),
  badRequest: () => new BadRequestException('The seat has no number'),
  list: () => new BadRequestException(['seat is missing', 'row is missing']),
  unauthorized: () => new UnauthorizedException('Show your ticket'),
  forbidden: () => new ForbiddenException('Only for members'),
  notFound: () => new NotFoundException('No such seat'),
  conflict: () => new ConflictException('Two want the seat'),
  unprocessable: () => new UnprocessableEntityException('That makes no sense'),
  teapot: () => new HttpException('I am a teapot', 418),
  unavailable: () => new ServiceUnavailableException('postgres://secret'),
  badGateway: () => new HttpException('postgres://secret', 502),
  nonsense: () => new HttpException('internal words', 99),
  success: () => new HttpException('internal words', 200),
  error: () => new Error('internal words'),
  text: () => 'internal words',
  nothing: () => undefined,
  null: () => null,
  object: () => ({ statusCode: 418, message: 'internal words' }),
  // Details that JSON has no form for.
  unspeakable: () => new SoldOut('No seat is left', [{ field: 'seat', rule: 'taken', message: 1n as never }]),
};

@Controller('seats')
class SeatsController {
  @Get('throw/:what')
  @Public()
  @ApiAnswer({ status: 200, description: 'Never.', errors: [SoldOut] })
  throwIt(@Param('what') what: string) {
    throw THROWN[what]?.();
  }

  @Get('secret')
  @RequirePermissions('seats:read')
  @ApiAnswer({ status: 200, description: 'Nothing.' })
  secret() {}
}

@Injectable()
class Doors {
  open = true;
  readonly banned = new Set<string>();
}

class SeatsConfig {
  @IsInt()
  @Min(1)
  perRow = 10;

  @IsBoolean()
  numbered = true;
}

@Module({ controllers: [SeatsController], providers: [Doors], exports: [Doors] })
class SeatsModule {}

@Injectable()
class DoorHealth {
  constructor(private readonly doors: Doors) {}

  check() {
    if (!this.doors.open) throw new Error('The doors are shut');
  }
}

@Injectable()
class NotBanned {
  constructor(
    private readonly doors: Doors,
    private readonly config: SeatsConfig,
  ) {}

  check({ username }: { username: string }) {
    if (this.config.perRow === 12 && this.doors.banned.has(username)) {
      throw new (DomainError.of('BANNED', 409))('You are banned from the hall');
    }
  }
}

@Injectable()
class NoSpaces {
  check(password: string, { username }: { username?: unknown }) {
    if (password.includes(' ')) return 'Password must not contain spaces';
    if (password === 'not-that-one') throw new SoldOut(`Not for ${String(username)}`);
    return undefined;
  }
}

const seats = defineExtension({
  name: 'seats',
  api: '^1.0.0',
  module: SeatsModule,
  config: SeatsConfig,
  permissions: { 'seats:read': 'See the seats' },
  auditActions: ['seat.taken'],
  health: { doors: DoorHealth },
  claims: {
    row: ({ username }) => Promise.resolve(username.length),
    none: () => undefined,
    broken: () => {
      throw new Error('no row');
    },
    circular: () => 1n,
    endless: ({ username }) => (username.startsWith('endless') ? new Promise(() => undefined) : undefined),
    long: () => 'x'.repeat(2_000),
    zone: () => ({ name: 'A' }),
  },
  loginRules: [NotBanned],
  passwordRule: NoSpaces,
});

let test: TestApp;
beforeAll(async () => {
  test = await startApp(undefined, {
    extensions: [seats],
    env: { SEATS_PER_ROW: '12', SEATS_NUMBERED: 'false', LOG_LEVEL: 'silent' },
  });
});
afterAll(() => test.close());

const failure = async (what: string) => {
  const { status, body, headers } = await test.api.get(`/seats/throw/${what}`);
  return { status, code: body.error.code, message: body.error.message, headers };
};

describe("An extension's error", () => {
  it.each([
    ['soldOut', 409, 'SOLD_OUT', 'No seat is left'],
    ['soldOutWithoutWords', 409, 'SOLD_OUT', 'Sold out'],
    ['badRequest', 400, 'VALIDATION_ERROR', 'The seat has no number'],
    ['list', 400, 'VALIDATION_ERROR', 'seat is missing; row is missing'],
    ['unauthorized', 401, 'UNAUTHORIZED', 'Show your ticket'],
    ['forbidden', 403, 'FORBIDDEN', 'Only for members'],
    ['notFound', 404, 'RESOURCE_NOT_FOUND', 'No such seat'],
    ['conflict', 409, 'CONFLICT', 'Two want the seat'],
    ['unprocessable', 422, 'HTTP_422', 'That makes no sense'],
    ['teapot', 418, 'HTTP_418', 'I am a teapot'],
    ['unavailable', 503, 'SERVICE_UNAVAILABLE', 'Service Unavailable'],
    ['badGateway', 502, 'HTTP_502', 'Bad Gateway'],
    ...['oddStatus', 'nonsense', 'success', 'error', 'text', 'nothing', 'null', 'object', 'unspeakable'].map(
      (what) => [what, 500, 'INTERNAL_SERVER_ERROR', 'An unexpected error occurred'] as const,
    ),
  ])('%s is answered %i %s', async (what, status, code, message) => {
    const { headers: _, ...answer } = await failure(what);
    expect(answer).toEqual({ status, code, message });
  });

  it('has the headers of its status', async () => {
    expect((await failure('unauthorized')).headers.get('www-authenticate')).toBe('Bearer');
    expect((await failure('unavailable')).headers.get('retry-after')).toBe('1');
  });

  it('of status 403 is recorded as a denial, with its message as the reason', async () => {
    await failure('forbidden');
    const { token } = await test.admin();
    const { body } = await test.api.get('/audit-logs?action=permission.denied', { token });
    expect(body.data.auditLogs[0]).toMatchObject({ outcome: 'denied', reason: 'Only for members' });
  });

  it('leaves unknown routes as they are', async () => {
    expect(await test.api.get('/seats/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'RESOURCE_NOT_FOUND', message: 'Route not found' } },
    });
  });
});

describe("An extension's declarations", () => {
  it('include permissions, which admins hold and other users do not', async () => {
    const { token } = await register(test.api, newAccount());
    const admin = await test.admin();
    expect((await test.api.get('/seats/secret', { token })).status).toBe(403);
    expect((await test.api.get('/seats/secret', { token: admin.token })).status).toBe(200);
    const { body } = await test.api.get('/permissions', { token: admin.token });
    expect(body.data.permissions).toContainEqual({ name: 'seats:read', description: 'See the seats' });
  });

  it('include parts of the health', async () => {
    const { body } = await test.api.get('/health');
    expect(body).toMatchObject({ status: 'healthy', services: { 'seats.doors': { status: 'healthy' } } });
    const doors = test.app.get(Doors, { strict: false });
    doors.open = false;
    await eventually(async () => {
      const { status, body: shut } = await test.api.get('/health');
      expect(status).toBe(200);
      expect(shut).toMatchObject({ status: 'degraded', services: { 'seats.doors': { status: 'unhealthy' } } });
    });
    doors.open = true;
    expect((await test.api.get('/health/ready')).status).toBe(200);
  });
});

describe("An extension's claims", () => {
  it('are in the access token after a login and a refresh, without those that fail or are too long', async () => {
    const account = newAccount({ username: `endless${Date.now().toString(36)}` });
    const { token, refreshToken } = await register(test.api, account);
    const refreshed = await test.api.post('/auth/refresh', { refreshToken });
    for (const accessToken of [token, refreshed.body.data.accessToken]) {
      const [, payload = ''] = accessToken.split('.');
      const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const own = Object.fromEntries(Object.entries(claims).filter(([name]) => name.includes('.')));
      expect(own).toEqual({ 'seats.row': account.username.length, 'seats.zone': { name: 'A' } });
      expect((await test.api.get('/users/me', { token: accessToken })).status).toBe(200);
    }
  });
});

describe("An extension's login rule", () => {
  it('refuses the right password with 403 and its own code, audited as login.failed', async () => {
    const account = newAccount();
    const { user } = await register(test.api, account);
    test.app.get(Doors, { strict: false }).banned.add(account.username);
    const { email, password } = account;
    expect(await test.api.post('/auth/login', { email, password })).toMatchObject({
      status: 403,
      body: { error: { code: 'BANNED', message: 'You are banned from the hall' } },
    });
    expect(await test.api.post('/auth/login', { email, password: 'Wrong-one-8!' })).toMatchObject({ status: 401 });
    // The entry of a refusal is written after its answer.
    await sleep(200);
    const admin = await test.admin();
    const { body } = await test.api.get(`/audit-logs?action=login.failed&targetId=${user.id}`, { token: admin.token });
    const reasons = body.data.auditLogs.map(({ reason }: { reason: string }) => reason);
    expect(reasons).toContain('BANNED: You are banned from the hall');
  });
});

describe("An extension's password rule", () => {
  it('takes the place of the rule about kinds of characters', async () => {
    await expect(register(test.api, newAccount({ password: 'justletters' }))).resolves.toBeDefined();
  });

  it('refuses with 400 and its words, or with its own error', async () => {
    expect(await test.api.post('/users', newAccount({ password: 'two words here' }))).toMatchObject({
      status: 400,
      body: {
        error: {
          details: [{ field: 'password', rule: 'weak_password', message: 'Password must not contain spaces' }],
        },
      },
    });
    const account = newAccount();
    expect(await test.api.post('/users', { ...account, password: 'not-that-one' })).toMatchObject({
      status: 409,
      body: { error: { code: 'SOLD_OUT', message: `Not for ${account.username}` } },
    });
  });

  it('leaves the blocklist, the names of the account and the maximum length in force', async () => {
    const account = newAccount();
    for (const password of ['password', account.username, 'x'.repeat(129)]) {
      expect((await test.api.post('/users', { ...account, password })).status).toBe(400);
    }
  });

  it('also rules changes of the password', async () => {
    const account = newAccount();
    const { token } = await register(test.api, account);
    const change = { currentPassword: account.password, newPassword: 'two words here' };
    expect((await test.api.put('/users/me/password', change, { token })).status).toBe(400);
    expect((await test.api.put('/users/me/password', { ...change, newPassword: 'oneword' }, { token })).status).toBe(
      200,
    );
    await expect(login(test.api, { ...account, password: 'oneword' })).resolves.toBeDefined();
  });
});
