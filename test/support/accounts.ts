import { register, type TestApp } from './app.js';
import { newAccount, newRoleName, type Session } from './factories.js';

/** Sends an admin's request that changes an account; a refusal fails the test. */
async function administer(test: TestApp, method: string, path: string, body?: unknown): Promise<Session['user']> {
  const { token } = await test.admin();
  const answer = await test.api.send(method, path, { token, body });
  if (answer.status !== 200) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
  return answer.body.data.user;
}

export function setStatus(test: TestApp, id: string, status: 'active' | 'inactive' | 'suspended') {
  return administer(test, 'PUT', `/users/${id}/status`, { status });
}

export function setRoles(test: TestApp, id: string, roles: readonly string[]) {
  return administer(test, 'PUT', `/users/${id}/roles`, { roles });
}

export function makeAdmin(test: TestApp, id: string) {
  return setRoles(test, id, ['admin']);
}

export function verifyEmail(test: TestApp, id: string) {
  return administer(test, 'POST', `/users/${id}/email-verification`);
}

/** Creates a role with these permissions, under a name that no other test uses. */
export async function createRole(test: TestApp, permissions: readonly string[]): Promise<string> {
  const { token } = await test.admin();
  const name = newRoleName();
  const { status, text } = await test.api.post('/roles', { name, permissions }, { token });
  if (status !== 201) throw new Error(`The creation of ${name} was answered ${status}: ${text}`);
  return name;
}

/** Registers and logs in a user who holds exactly these permissions. */
export async function holderOf(test: TestApp, permissions: readonly string[]): Promise<Session> {
  const session = await register(test.api, newAccount());
  await setRoles(test, session.user.id, [await createRole(test, permissions)]);
  return session;
}
