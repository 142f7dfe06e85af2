import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { login, type TestApp } from '../support/app.js';
import type { ApiAnswer } from '../support/client.js';
import { type DeclaredResponse, description } from '../support/description.js';
import { ADMIN } from '../support/factories.js';
import { type Mailbox, startWithMail, SUBJECTS } from '../support/mail.js';
import { asSent, ROUTES } from '../support/routes.js';
import { privateKeyModes } from '../support/signing-keys.js';
import { waitUntil } from '../support/wait.js';

const ADA = 'ada@example.com';

/** What differs from one answer to the next. */
const CHANGING = new Set(
  `accessToken refreshToken resetToken kid x y requestId ip userAgent latencyMs uptime release entries sequence hash
  month nextCursor previousCursor unlinked oldestUnlinked`.split(/\s+/),
);
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The same value with ids, times and all else that changes replaced by the kind of thing it is. */
function withoutChanging(value: unknown, key = ''): unknown {
  if (CHANGING.has(key)) return 'changes';
  if (typeof value === 'string') return value.replace(ID, 'an id').replace(TIME, 'a time');
  if (Array.isArray(value)) return value.map((item) => withoutChanging(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutChanging(inner, name)]));
}

/** The example may show one item where the answer has more. */
function expectAsInExample(answer: unknown, example: unknown): void {
  if (Array.isArray(answer) && Array.isArray(example) && example.every((item) => typeof item === 'object')) {
    for (const item of example) expect(answer).toContainEqual(item);
  } else if (isObject(answer) && isObject(example)) {
    expect(Object.keys(answer).toSorted()).toEqual(Object.keys(example).toSorted());
    for (const [key, value] of Object.entries(example)) expectAsInExample(answer[key], value);
  } else expect(answer).toEqual(example);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The routes whose example was compared. */
const compared = new Set<string>();

let test: TestApp;
let mailbox: Mailbox;
let admin: string;
beforeAll(async () => {
  ({ test, mailbox } = await startWithMail(privateKeyModes()[0]?.env));
  admin = (await login(test.api, ADMIN)).token;
});
afterAll(async () => {
  await mailbox.close();
});

interface Call {
  readonly token?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** Replaces parts of the body that the example cannot know, such as a token. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** An operation of the description, with where it is. */
function described(operationId: string) {
  const route = ROUTES.find((one) => one.operationId === operationId);
  const operation = route && description.paths[route.path]?.[route.method.toLowerCase()];
  if (route === undefined || operation === undefined) throw new Error(`There is no operation ${operationId}`);
  return { ...route, operation };
}

function exampleOfBody(operationId: string): object | undefined {
  const content = described(operationId).operation.requestBody?.content['application/json'];
  return content?.example as object | undefined;
}

/** Sends the request of an operation's example, and compares the answer with its example. */
async function call(operationId: string, { token, params = {}, query = '', body = {} }: Call = {}): Promise<ApiAnswer> {
  const { method, path, operation } = described(operationId);
  const named = asSent(path).replaceAll(/\{(\w+)\}/g, (_match, name: string) => params[name] ?? 'me');
  const example = exampleOfBody(operationId);
  const request = { token, ...(example === undefined ? {} : { body: { ...example, ...body } }) };
  const answer = await test.api.send(method, named + query, request);
  expect(answer.status).toBeLessThan(300);
  const { sent, documented } = asRead(answer, operation.responses[answer.status]?.content);
  expectAsInExample(withoutChanging(sent), withoutChanging(documented));
  compared.add(operationId);
  return answer;
}

/** What an answer holds, and its example: for lines of JSON, lists of what is in them. */
function asRead({ body, text }: ApiAnswer, contents: DeclaredResponse['content'] = {}) {
  const lines = contents['application/x-ndjson'];
  if (lines === undefined) return { sent: body, documented: contents['application/json']?.example };
  return { sent: linesOf(text), documented: linesOf(String(lines.example)) };
}

function linesOf(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

it('gives the answers of the examples to the requests of the examples', async () => {
  for (const probe of ['getHealth', 'getLiveness', 'getReadiness', 'getKeys']) await call(probe);

  const { user } = (await call('createUser')).body.data;
  const params = { id: user.id };
  const loggedIn = async () => (await call('login')).body.data;
  const { accessToken } = (await test.api.post('/auth/login', exampleOfBody('login'))).body.data;
  await test.api.patch('/users/me', exampleOfBody('updateUser'), { token: accessToken });
  await call('sendVerificationEmail', { token: accessToken });
  await call('verifyEmail', { body: { token: (await mailbox.next(ADA, SUBJECTS.verification)).token } });

  const ada = await loggedIn();
  const byAda = { token: ada.accessToken };
  for (const read of ['getUser', 'listSessions', 'listUserHistory', 'updateUser']) await call(read, byAda);
  await call('endSession', { ...byAda, params: { sessionId: ada.sessionId } });
  await call('refreshTokens', { body: { refreshToken: (await loggedIn()).refreshToken } });
  await call('endOtherSessions', { token: (await loggedIn()).accessToken });
  await call('changePassword', { token: (await loggedIn()).accessToken });
  await call('logout', { token: (await loggedIn()).accessToken });
  await call('forgotPassword');
  const { resetToken } = (await call('issuePasswordReset', { token: admin, params })).body.data;
  await call('resetPassword', { body: { resetToken } });

  const byAdmin = { token: admin };
  await call('listUsers', { ...byAdmin, query: '?search=adalovelace' });
  await call('markEmailVerified', { ...byAdmin, params });
  await call('setUserStatus', { ...byAdmin, params });
  await test.api.put(`/users/${user.id}/status`, { status: 'active' }, byAdmin);
  const role = { name: 'support' };
  await call('createRole', byAdmin);
  for (const one of ['getRole', 'updateRole']) await call(one, { ...byAdmin, params: role });
  for (const list of ['listRoles', 'listPermissions']) await call(list, byAdmin);
  await call('deleteRole', { ...byAdmin, params: role });
  for (const one of ['setUserRoles', 'getUserPermissions']) await call(one, { ...byAdmin, params });
  await test.api.put(`/users/${user.id}/roles`, { roles: ['user'] }, byAdmin);

  const { body } = await call('listAuditEntries', { ...byAdmin, query: '?action=user.updated' });
  await call('getAuditEntry', { ...byAdmin, params: { entryId: body.data.auditLogs.at(-1).id } });
  await waitUntil('the update is linked', async () => {
    const { text } = await test.api.get('/audit-logs/export?action=user.updated', byAdmin);
    return !text.includes('"link":null');
  });
  for (const one of ['exportAuditEntries', 'verifyAuditLog']) await call(one, byAdmin);

  await call('deleteUser', { ...byAdmin, params });
  await call('restoreUser', { ...byAdmin, params });
  await test.api.delete(`/users/${user.id}`, byAdmin);
  await call('inviteUser', byAdmin);
  await call('acceptInvitation', { body: { token: (await mailbox.next(ADA, SUBJECTS.invitation)).token } });

  expect([...compared].toSorted()).toEqual(ROUTES.map(({ operationId }) => operationId).toSorted());
}, 60_000);
