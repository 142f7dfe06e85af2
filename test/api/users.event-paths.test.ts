import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import {
  AuditedEvent,
  AuditedFailure,
  defineExtension,
  EventBus,
  startApp,
  UsersService,
} from '../../src/core/index.js';
import type { TestApp } from '../../src/testing/index.js';
import { PasswordResetsService } from '../../src/users/index.js';
import { register } from '../support/app.js';
import { newAccount, OTHER_PASSWORD, type Session } from '../support/factories.js';
import { eventually } from '../support/wait.js';

/** What was heard at each moment: the names of events about users. */
const heard = { within: [] as string[], after: [] as string[], delivered: [] as string[] };

/** Notes an event about a user. */
const note = (moment: keyof typeof heard) => async (event: AuditedEvent) => {
  if (event.target.type === 'user' && !(event instanceof AuditedFailure)) heard[moment].push(event.constructor.name);
};

@Injectable()
class Listener implements OnModuleInit {
  constructor(private readonly events: EventBus) {}

  onModuleInit(): void {
    this.events.withinTransaction(AuditedEvent, note('within'));
    this.events.afterCommit(AuditedEvent, note('after'));
    this.events.delivered(AuditedEvent, 'test.all', async (event) => {
      if (event.target.type === 'user') heard.delivered.push(event.action);
    });
  }
}

@Module({ providers: [Listener] })
class ListenerModule {}

let test: TestApp;
let admin: Session;
beforeAll(async () => {
  const listener = defineExtension({ name: 'listener', api: '*', module: ListenerModule });
  test = await startApp(undefined, { extensions: [listener] });
  admin = await test.admin();
});
afterAll(() => test.close());

/** Later paths that write users, such as an import, join this list. */
const PATHS: readonly [title: string, act: (user: Session) => Promise<unknown>, event: string, action: string][] = [
  ['a registration', () => test.api.post('/users', newAccount()), 'UserCreated', 'user.created'],
  [
    "an operator's command that creates a user",
    () => {
      const { username, email, password } = newAccount();
      return test.app.get(UsersService, { strict: false }).create({ username, email, password, roles: ['admin'] });
    },
    'UserCreated',
    'user.created',
  ],
  [
    'an update',
    ({ token }) => test.api.patch('/users/me', { bio: 'Engines' }, { token }),
    'UserUpdated',
    'user.updated',
  ],
  [
    'a change of the password',
    ({ token }) => {
      const change = { currentPassword: newAccount().password, newPassword: OTHER_PASSWORD };
      return test.api.put('/users/me/password', change, { token });
    },
    'UserPasswordChanged',
    'user.password_changed',
  ],
  [
    "an operator's command that sets a password",
    ({ user }) =>
      test.app.get(PasswordResetsService, { strict: false }).force({ username: user.username }, `${OTHER_PASSWORD}2`),
    'UserPasswordReset',
    'user.password_reset',
  ],
  [
    'a change of the status',
    ({ user }) => test.api.put(`/users/${user.id}/status`, { status: 'suspended' }, { token: admin.token }),
    'UserStatusChanged',
    'user.status_changed',
  ],
  [
    'a change of the roles',
    ({ user }) => test.api.put(`/users/${user.id}/roles`, { roles: ['auditor'] }, { token: admin.token }),
    'UserRolesChanged',
    'user.roles_changed',
  ],
  [
    'the verification of an email',
    ({ user }) => test.api.post(`/users/${user.id}/email-verification`, {}, { token: admin.token }),
    'UserEmailVerified',
    'user.email_verified',
  ],
  [
    'a deletion',
    ({ user }) => test.api.delete(`/users/${user.id}`, { token: admin.token }),
    'UserDeleted',
    'user.deleted',
  ],
  [
    'a restoration',
    async ({ user }) => {
      await test.api.delete(`/users/${user.id}`, { token: admin.token });
      return test.api.post(`/users/${user.id}/restore`, {}, { token: admin.token });
    },
    'UserRestored',
    'user.restored',
  ],
];

describe('Every path that writes a user', () => {
  it.each(PATHS)('%s is heard at all three moments', async (_, act, event, action) => {
    const user = await register(test.api, newAccount());
    await eventually(() => expect(heard.delivered).toHaveLength(heard.within.length));
    for (const moment of Object.values(heard)) moment.length = 0;
    await act(user);
    expect(heard.within).toContain(event);
    expect(heard.after).toEqual(heard.within);
    await eventually(() => expect(heard.delivered).toContain(action));
    await eventually(() => expect(heard.delivered).toHaveLength(heard.within.length));
  });
});
