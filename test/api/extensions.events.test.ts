import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, type OnModuleInit, Post } from '@nestjs/common';
import {
  defineExtension,
  DomainError,
  EventBus,
  PrismaService,
  requestContext,
  Public,
  startApp,
  Transactions,
  UndeliverableError,
  UserCreated,
  UserDeleted,
  UserUpdated,
} from '../../src/core/index.js';
import { OutboxRepository } from '../../src/platform/events/index.js';
import type { TestApp } from '../../src/testing/index.js';
import { register } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { eventually } from '../support/wait.js';

class Vetoed extends DomainError.of('VETOED', 409) {}

/** What the handlers have got, by the user's name. */
const delivered = new Map<string, object[]>();
const errors: unknown[] = [];
const contexts: unknown[] = [];
let failures = 0;

@Injectable()
class Listener implements OnModuleInit {
  constructor(
    private readonly events: EventBus,
    private readonly prisma: PrismaService,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(UserCreated, async ({ user }, transaction) => {
      if (user.username.startsWith('outside')) {
        await this.prisma.user.count().catch((error: unknown) => {
          errors.push(error);
          throw error;
        });
      }
      if (user.username.startsWith('inside')) await transaction.db.user.count();
      if (user.username.startsWith('veto')) throw new Vetoed();
    });
    this.events.afterCommit(UserCreated, async ({ user }) => {
      if (user.username.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 4_000));
      // After the commit, the database may be used as ever.
      await this.prisma.user.count();
    });
    this.events.delivered(UserCreated, 'test.created', async (event) => {
      note(event.user.username, event);
      contexts.push(requestContext());
    });
    this.events.delivered(UserUpdated, 'test.updated', async (event) => note(event.after.username, event));
    this.events.delivered(UserDeleted, 'test.deleted', async (event) => note(event.before.username, event));
    this.events.delivered(UserCreated, 'test.failing', async ({ user }) => {
      if (!user.username.startsWith('unlucky')) return;
      failures += 1;
      throw new Error('No luck today');
    });
    this.events.delivered(UserCreated, 'test.refusing', async ({ user }) => {
      if (user.username.startsWith('refused')) throw new UndeliverableError('Never');
    });
  }
}

function note(username: string, event: object): void {
  delivered.set(username, [...(delivered.get(username) ?? []), event]);
}

@Controller('aside')
class AsideController {
  constructor(
    private readonly transactions: Transactions,
    private readonly prisma: PrismaService,
  ) {}

  @Post()
  @Public()
  async aside() {
    await this.transactions.run(async ({ db }) => db.user.count());
    await this.prisma.user.count();
  }
}

@Module({ controllers: [AsideController], providers: [Listener] })
class ListenerModule {}

const listener = defineExtension({ name: 'listener', api: '^1.0.0', module: ListenerModule });

let test: TestApp;
beforeAll(async () => {
  test = await startApp(undefined, { extensions: [listener], env: { OUTBOX_MAX_ATTEMPTS: '2', LOG_LEVEL: 'silent' } });
});
afterAll(() => test.close());

let made = 0;
const named = (prefix: string) => {
  made += 1;
  const username = `${prefix}${made}x${Date.now().toString(36)}`;
  return newAccount({ username, email: `${username}@example.com` });
};
const outbox = () => test.app.get(OutboxRepository, { strict: false });

describe('A handler within the transaction', () => {
  it('that uses PrismaService fails at once, with an error that says what to do', async () => {
    const startedAt = performance.now();
    expect((await test.api.post('/users', named('outside'))).status).toBe(500);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('Use transaction.db') })]);
  });

  it('may use transaction.db, and vetoes the change with an error of its own', async () => {
    expect((await test.api.post('/users', named('inside'))).status).toBe(201);
    const account = named('veto');
    expect(await test.api.post('/users', account)).toMatchObject({ status: 409, body: { error: { code: 'VETOED' } } });
    expect((await test.api.post('/users', account)).body.error.code).toBe('VETOED');
  });
});

describe('A route that uses PrismaService after a transaction', () => {
  it('fails at once under an Idempotency-Key, where that transaction is still open', async () => {
    const send = (headers: Record<string, string>) => test.api.post('/aside', {}, { headers });
    expect((await send({})).status).toBe(201);
    const startedAt = performance.now();
    expect((await send({ 'idempotency-key': 'aside-1' })).status).toBe(500);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect((await test.api.post('/users', named('after'))).status).toBe(201);
  });
});

describe('A slow handler after the commit', () => {
  it('delays the answer by a second at most', async () => {
    const startedAt = performance.now();
    expect((await test.api.post('/users', named('slow'))).status).toBe(201);
    expect(performance.now() - startedAt).toBeLessThan(3_500);
  });
});

describe('A delivered event', () => {
  it('comes after the commit as an instance of its class, with its times, and in order', async () => {
    const account = named('ada');
    const { token } = await register(test.api, account);
    for (const bio of ['one', 'two', 'three']) await test.api.patch('/users/me', { bio }, { token });
    await test.api.delete('/users/me', { token });
    await eventually(() => expect(delivered.get(account.username)).toHaveLength(5));
    const [created, ...rest] = delivered.get(account.username) ?? [];
    expect(created).toBeInstanceOf(UserCreated);
    expect((created as UserCreated).user.createdAt).toBeInstanceOf(Date);
    const bios = rest.map((event) => (event instanceof UserUpdated ? [event.before.bio, event.after.bio] : 'deleted'));
    // What a handler does is not done by the user whose request woke it.
    expect(contexts.filter((context) => context !== undefined)).toEqual([]);
    expect(bios).toEqual([[null, 'one'], ['one', 'two'], ['two', 'three'], 'deleted']);
  });

  it('does not come where the change was rolled back', async () => {
    const account = named('veto');
    await test.api.post('/users', account);
    const after = named('bob');
    await test.api.post('/users', after);
    await eventually(() => expect(delivered.has(after.username)).toBe(true));
    expect(delivered.has(account.username)).toBe(false);
  });

  it('is tried again with a pause, is then given up, and holds up no other', async () => {
    await test.api.post('/users', named('unlucky'));
    const after = named('eve');
    await test.api.post('/users', after);
    await eventually(() => expect(delivered.has(after.username)).toBe(true));
    await eventually(async () => {
      expect(await outbox().list(10)).toEqual([
        expect.objectContaining({
          handler: 'test.failing',
          attempts: 2,
          failed: true,
          lastError: expect.stringContaining('No luck today'),
        }),
      ]);
    }, 15_000);
    expect(failures).toBe(2);
  });

  it('that its handler calls undeliverable is given up at once', async () => {
    await test.api.post('/users', named('refused'));
    await eventually(async () => {
      const messages = await outbox().list(10);
      expect(messages).toContainEqual(expect.objectContaining({ handler: 'test.refusing', attempts: 1, failed: true }));
    });
  });

  it('is counted in the health, and can be discarded or tried again', async () => {
    await eventually(async () => {
      expect((await test.api.get('/health')).body).toMatchObject({
        status: 'healthy',
        services: { outbox: { status: 'healthy', waiting: 0, oldestSeconds: 0, failed: 2 } },
      });
    });
    const [{ id } = { id: 0n }] = await outbox().list(10);
    expect(await outbox().retry(id)).toBe(1);
    await eventually(() => expect(failures).toBeGreaterThan(2));
    expect(await outbox().discard(id)).toBe(1);
    expect(await outbox().discard(undefined)).toBe(1);
    expect(await outbox().list(10)).toEqual([]);
  });
});
