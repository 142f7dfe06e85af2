import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventBus } from '../../src/platform/events/index.js';
import { BeforeUserChange, UserDeleted, UserTransition } from '../../src/users/index.js';
import { USER_COLUMNS } from '../../src/users/user.js';
import { startApp, type TestApp } from '../support/app.js';
import { newAccount, type Session } from '../support/factories.js';

const COLUMNS = Object.keys(USER_COLUMNS).toSorted();

describe('The events about a change of a user', () => {
  let test: TestApp;
  let admin: Session;
  const heard: object[] = [];
  beforeAll(async () => {
    test = await startApp();
    admin = await test.admin();
    const events = test.app.get(EventBus);
    events.withinTransaction(BeforeUserChange, async ({ before }) => void heard.push(before));
    events.withinTransaction(UserDeleted, async ({ before }) => void heard.push(before));
    events.withinTransaction(UserTransition, async ({ before, after }) => void heard.push(before, after));
  });
  afterAll(() => test.close());

  it.each<[string, string, string, object | undefined]>([
    ['an update', 'PATCH', '', { bio: 'New' }],
    ['another status', 'PUT', '/status', { status: 'suspended' }],
    ['other roles', 'PUT', '/roles', { roles: ['auditor'] }],
    ['a verified email', 'POST', '/email-verification', undefined],
    ['a deletion', 'DELETE', '', undefined],
  ])('give their handlers no password hash and no internal column: %s', async (_, method, path, body) => {
    const { body: created } = await test.api.post('/users', newAccount());
    heard.length = 0;
    const { status } = await test.api.send(method, `/users/${created.data.user.id}${path}`, {
      body,
      token: admin.token,
    });
    expect([200, 204]).toContain(status);
    expect(heard.length).toBeGreaterThanOrEqual(2);
    for (const user of heard) expect(Object.keys(user).toSorted()).toEqual(COLUMNS);
  });
});
