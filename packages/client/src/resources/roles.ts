import { type Api, idempotencyKey, listOf, memberOf } from '../api.js';
import { createRole, deleteRole, getRole, listRoles, updateRole } from '../generated/sdk.gen.js';
import type { NewRole, Role, RoleChanges } from '../types.js';

/** Roles, which are sets of permissions. */
export class Roles {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Lists all roles. */
  async list(): Promise<Role[]> {
    return listOf(await listRoles(this.api.session), 'roles');
  }

  /** Creates a role. @throws ConflictError where the name is taken */
  async create(role: NewRole): Promise<Role> {
    return memberOf(await createRole({ ...this.api.session, body: role, headers: idempotencyKey() }), 'role');
  }

  /** Reads a role. @throws NotFoundError */
  async get(name: string): Promise<Role> {
    return memberOf(await getRole({ ...this.api.session, path: { name } }), 'role');
  }

  /** Changes a role, for all who hold it at once. @throws ConflictError where it is built in */
  async update(name: string, changes: RoleChanges): Promise<Role> {
    const options = { path: { name }, body: changes, headers: idempotencyKey() };
    return memberOf(await updateRole({ ...this.api.session, ...options }), 'role');
  }

  /** Deletes a role. @throws ConflictError where users hold it, or it is built in */
  async delete(name: string): Promise<void> {
    await deleteRole({ ...this.api.session, path: { name }, headers: idempotencyKey() });
  }
}
