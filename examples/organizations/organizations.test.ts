import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp } from '#core';
import organizations from './index.js';

describe('Organizations', () => {
  let test: Awaited<ReturnType<typeof startApp>>;
  let admin: string;
  beforeAll(async () => {
    test = await startApp(undefined, { extensions: [organizations] });
    admin = (await test.admin()).token;
  });
  afterAll(() => test.close());

  /** Registers a user with a verified email, and logs in. */
  async function join(username: string) {
    const account = { username, email: `${username}@example.com`, password: 'Correct-horse-7-battery!' };
    const { body } = await test.api.post('/users', account);
    const id: string = body.data.user.id;
    await test.api.post(`/users/${id}/email-verification`, {}, { token: admin });
    return { id, email: account.email, ...(await login(account)) };
  }

  async function login({ email, password }: { email: string; password: string }) {
    const { body } = await test.api.post('/auth/login', { email, password });
    const token: string = body.data.accessToken;
    const claims: Record<string, unknown> = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return { token, claims };
  }

  it('have members, teams and invitations, for those who belong to them', async () => {
    const { api } = test;
    const [ada, bob, eve] = [await join('ada1'), await join('bob1'), await join('eve1')];
    const created = await api.post('/organizations', { name: 'Engines' }, { token: ada.token });
    expect(created.status).toBe(201);
    const path = `/organizations/${created.body.data.organization.id}`;
    expect((await api.get(path, { token: bob.token })).status).toBe(404);
    expect((await api.post(`${path}/invitations`, { email: bob.email }, { token: bob.token })).status).toBe(404);

    const invited = await api.post(`${path}/invitations`, { email: 'Bob1@Example.com' }, { token: ada.token });
    expect(invited.status).toBe(201);
    const acceptance = `/users/me/organization-invitations/${invited.body.data.invitation.id}/acceptance`;
    expect((await api.post(acceptance, {}, { token: eve.token })).status).toBe(404);
    const listed = await api.get('/users/me/organization-invitations', { token: bob.token });
    expect(listed.body.data.invitations).toEqual([invited.body.data.invitation]);
    expect((await api.post(acceptance, {}, { token: bob.token })).status).toBe(204);
    expect((await api.post(acceptance, {}, { token: bob.token })).status).toBe(404);

    const { body } = await api.get(path, { token: bob.token });
    expect(body.data.organization).toMatchObject({
      name: 'Engines',
      members: [
        { userId: ada.id, role: 'owner' },
        { userId: bob.id, role: 'member' },
      ],
    });
    expect((await api.post(`${path}/teams`, { name: 'Mills' }, { token: bob.token })).status).toBe(403);
    expect((await api.post(`${path}/teams`, { name: 'Mills' }, { token: ada.token })).status).toBe(201);
    const teams = await api.get(`${path}/teams`, { token: bob.token });
    expect(teams.body.data.teams).toMatchObject([{ name: 'Mills' }]);
    expect((await api.get(path, { token: admin })).status).toBe(200);
  });

  it('keep an owner: neither leaves the last one, nor is the account deleted', async () => {
    const { api } = test;
    const owner = await join('owner1');
    const { body } = await api.post('/organizations', { name: 'Solo' }, { token: owner.token });
    const path = `/organizations/${body.data.organization.id}`;
    expect(await api.delete(`${path}/members/${owner.id}`, { token: owner.token })).toMatchObject({
      status: 409,
      body: { error: { code: 'LAST_OWNER' } },
    });
    expect((await api.delete('/users/me', { token: owner.token })).body.error.code).toBe('LAST_OWNER');
    expect((await api.get('/users/me', { token: owner.token })).status).toBe(200);
    const again = await login({ email: owner.email, password: 'Correct-horse-7-battery!' });
    expect(again.claims['organizations.owner']).toEqual([body.data.organization.id]);
    expect((await api.delete(path, { token: owner.token })).status).toBe(204);
    expect((await api.delete('/users/me', { token: owner.token })).status).toBe(204);
  });

  it('add a job title to users, and their acts to the audit log', async () => {
    const { api } = test;
    const user = await join('titled1');
    const attributes = { 'organizations.jobTitle': 'Countess' };
    const { body } = await api.patch('/users/me', { attributes }, { token: user.token });
    expect(body.data.user.attributes).toEqual(attributes);
    await api.post('/organizations', { name: 'Looms' }, { token: user.token });
    const log = await api.get(`/audit-logs?actorId=${user.id}`, { token: admin });
    const actions = log.body.data.auditLogs.map(({ action }: { action: string }) => action);
    expect(actions.slice(0, 2).toSorted()).toEqual(['member.added', 'organization.created']);
  });
});
