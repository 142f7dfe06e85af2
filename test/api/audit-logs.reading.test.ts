import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { holderOf } from '../support/accounts.js';
import { expectFailure } from '../support/answers.js';
import { register, type TestApp } from '../support/app.js';
import { type AuditedApp, type AuditLogEntry, auditLogs, entryOf, linkNow, startAuditedApp } from '../support/audit.js';
import { newAccount, type Session } from '../support/factories.js';
import { UUID } from '../support/shapes.js';

describe('The audit log, when it is read', () => {
  let test: TestApp;
  let admin: Session;
  let auditor: Session;
  let asAdmin: AuditedApp['asAdmin'];
  beforeAll(async () => {
    ({ test, admin, auditor, asAdmin } = await startAuditedApp());
  });
  afterAll(() => test.close());

  const read = (query: string) => test.api.get(`/audit-logs${query}`, { token: auditor.token });

  it('returns pages, newest entry first, forwards and backwards, and records that it was read', async () => {
    const { user } = await register(test.api, newAccount());
    for (let n = 0; n < 4; n += 1) await asAdmin('PATCH', `/users/${user.id}`, { bio: `${n}` });
    const query = `?targetId=${user.id}&limit=2`;
    const first = await read(query);
    const second = await read(`${query}&cursor=${first.body.data.pagination.nextCursor}`);
    const third = await read(`${query}&cursor=${second.body.data.pagination.nextCursor}`);
    const back = await read(`${query}&cursor=${third.body.data.pagination.previousCursor}`);
    const pages = [first, second, third].map(({ body }) => body.data.auditLogs as AuditLogEntry[]);
    expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
    const ids = pages.flat().map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(back.body.data.auditLogs).toEqual(second.body.data.auditLogs);
    expect(third.body.data.pagination).toEqual({
      perPage: 2,
      hasNext: false,
      hasPrevious: true,
      nextCursor: null,
      previousCursor: expect.any(String),
    });
    expect(await entryOf(test, first)).toMatchObject({
      action: 'audit.read',
      actor: { id: auditor.user.id },
      target: { type: 'audit-log' },
    });
  });

  it('applies each filter alone, and all of them together', async () => {
    const { user, token } = await register(test.api, newAccount());
    const entry = await entryOf(test, await test.api.patch('/users/me', { bio: 'Filtered' }, { token }));
    const filters = {
      actorId: user.id,
      targetId: user.id.toUpperCase(),
      action: 'user.updated',
      outcome: 'success',
      requestId: entry.requestId ?? '',
      from: entry.time,
      to: new Date(Date.parse(entry.time) + 1).toISOString(),
    };
    for (const [name, value] of Object.entries(filters)) {
      const found = await auditLogs(test, { [name]: value });
      expect([name, found.some(({ id }) => id === entry.id)]).toEqual([name, true]);
    }
    expect((await auditLogs(test, filters)).map(({ id }) => id)).toEqual([entry.id]);
    const elsewhere = {
      actorId: randomUUID(),
      targetId: 'x',
      action: 'no.such',
      outcome: 'denied',
      requestId: 'other',
    };
    for (const [name, value] of Object.entries({ ...elsewhere, to: entry.time, from: filters.to })) {
      expect(await auditLogs(test, { ...filters, [name]: value })).toEqual([]);
    }
  });

  it.each([
    ['actorId=7', 'actorId'],
    ['outcome=maybe', 'outcome'],
    ['from=yesterday', 'from'],
    ['to=2026-13-45T00:00:00Z', 'to'],
    ['limit=101', 'limit'],
    ['cursor=forged', 'cursor'],
    ['page=2', 'page'],
  ])('answers 400 to ?%s', async (query, field) => {
    const answer = await read(`?${query}`);
    expectFailure(answer, { status: 400, code: 'VALIDATION_ERROR' });
    expect(answer.body.error.details[0].field).toBe(field);
  });

  it('returns an entry by its id, 404 for an unknown id and 400 for a malformed one', async () => {
    const [entry] = await auditLogs(test);
    const { status, body } = await read(`/${entry?.id}`);
    expect([status, body.data.auditLog]).toEqual([200, entry]);
    expectFailure(await read(`/${randomUUID()}`), { status: 404, code: 'RESOURCE_NOT_FOUND' });
    expectFailure(await read('/seven'), { status: 400, code: 'VALIDATION_ERROR' });
  });

  it('shows users their own history, without the addresses and sessions of other actors', async () => {
    const { user, token } = await register(test.api, newAccount());
    await asAdmin('PATCH', `/users/${user.id}`, { bio: 'By an admin' });
    await test.api.patch('/users/me', { bio: 'By oneself' }, { token });
    const own = await test.api.get('/users/me/audit-logs?limit=2', { token });
    expect(own.status).toBe(200);
    const [mine, theirs] = own.body.data.auditLogs as AuditLogEntry[];
    expect(mine).toMatchObject({ actor: { id: user.id }, ip: '127.0.0.1', userAgent: expect.any(String) });
    expect(mine?.actor.sessionId).toEqual(expect.stringMatching(UUID));
    expect(theirs).toMatchObject({ actor: { id: admin.user.id, sessionId: null }, ip: null, userAgent: null });
    expect(theirs?.changes).toEqual({ bio: { before: null, after: 'By an admin' } });
    const rest = await test.api.get(`/users/me/audit-logs?limit=2&cursor=${own.body.data.pagination.nextCursor}`, {
      token,
    });
    expect(rest.body.data.auditLogs.map(({ action }: AuditLogEntry) => action)).toEqual([
      'session.started',
      'user.created',
    ]);
    const seen = await test.api.get(`/users/${user.id}/audit-logs`, { token: auditor.token });
    expect(seen.body.data.auditLogs[1]).toMatchObject({ actor: { id: admin.user.id }, ip: '127.0.0.1' });
    const missing = await test.api.get(`/users/${randomUUID()}/audit-logs`, { token: auditor.token });
    expectFailure(missing, { status: 404, code: 'RESOURCE_NOT_FOUND' });
  });

  it('withholds values of other users and reasons of denials from a history read without audit:read', async () => {
    const editor = await holderOf(test, ['users:update', 'users:read']);
    const { user } = await register(test.api, newAccount());
    await test.api.put(`/users/${user.id}/status`, { status: 'suspended', reason: 'Asked' }, { token: editor.token });
    await test.api.get('/roles', { token: editor.token });
    const shown = async (reader: Session) => {
      const { body } = await test.api.get(`/users/${editor.user.id}/audit-logs?limit=2`, { token: reader.token });
      return (body.data.auditLogs as AuditLogEntry[]).map(({ action, changes, reason }) => [action, changes, reason]);
    };
    expect(await shown(editor)).toEqual([
      ['permission.denied', null, null],
      ['user.status_changed', null, null],
    ]);
    expect(await shown(auditor)).toEqual([
      ['permission.denied', null, 'roles:read'],
      ['user.status_changed', { status: { before: 'active', after: 'suspended' } }, 'Asked'],
    ]);
  });

  it('exports each entry as a line of JSON with its place in the chain, under the same filters', async () => {
    const { user, token } = await register(test.api, newAccount());
    await test.api.patch('/users/me', { bio: 'Exported' }, { token });
    await linkNow(test);
    const { status, headers, text } = await read(`/export?targetId=${user.id}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('cache-control')).toBe('no-store');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLogEntry & { link: object });
    expect(lines.map(({ action }) => action)).toEqual(['user.created', 'session.started', 'user.updated']);
    const { link, ...entry } = lines[2] as AuditLogEntry & { link: object };
    expect([entry]).toEqual(await auditLogs(test, { action: 'user.updated', targetId: user.id }));
    expect(link).toEqual({
      month: entry.time.slice(0, 7),
      sequence: expect.any(Number),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expectFailure(await read('/export?limit=5'), { status: 400, code: 'VALIDATION_ERROR' });
    expect(await entryOf(test, { headers })).toMatchObject({ action: 'audit.exported' });
  });

  it('verifies the chain page by page', async () => {
    await linkNow(test);
    let entries = 0;
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await read(`/verification${cursor === '' ? '' : `?cursor=${cursor}`}`);
      expect(body.data).toMatchObject({ valid: true, firstInvalidId: null });
      entries += body.data.entries;
      cursor = body.data.nextCursor;
    }
    expect(entries).toBeGreaterThan(20);
    expectFailure(await read('/verification?cursor=forged'), { status: 400, code: 'VALIDATION_ERROR' });
    expect((await auditLogs(test, { action: 'audit.verified' }))[0]).toMatchObject({ outcome: 'success' });
  });
});
