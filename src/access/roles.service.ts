import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import type { Principal } from '#platform/request';
import { OneTimeTokensService, UsersService } from '#users';
import { assertHoldsAll } from './escalation.js';
import {
  BuiltInRoleError,
  RoleInUseError,
  RoleNameTakenError,
  RoleNotFoundError,
  UnknownPermissionsError,
} from './roles.errors.js';
import { RoleCreated, RoleDeleted, RoleUpdated } from './roles.events.js';
import { ROLE_PERMISSIONS_KEY } from './role-permissions.service.js';
import { ADMIN_ROLE, type Role, type RoleChanges } from './roles.js';
import { RolesRepository } from './roles.repository.js';

/** Creates, changes and deletes roles. Callers cannot put into a role what they do not hold. */
@Injectable()
export class RolesService {
  constructor(
    private readonly roles: RolesRepository,
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokensService,
    private readonly permissions: PermissionRegistry,
    private readonly transactions: Transactions,
  ) {}

  /** Sorted by name. */
  async list(): Promise<Role[]> {
    const roles = await this.roles.list();
    // Sorted here, by code point, because PostgreSQL sorts by the database's locale. A name is ASCII.
    return roles.map((role) => this.withImpliedPermissions(role)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws RoleNotFoundError */
  async get(name: string): Promise<Role> {
    const role = await this.roles.find(name);
    if (role === null) throw new RoleNotFoundError();
    return this.withImpliedPermissions(role);
  }

  /** @throws ForbiddenError, UnknownPermissionsError, RoleNameTakenError */
  async create(role: Omit<Role, 'builtIn'>, principal: Principal): Promise<Role> {
    this.assertGrantable(role.permissions, principal);
    return this.transactions.run(async (transaction) => {
      const created = await this.roles.insert(role, transaction.db);
      if (created === null) throw new RoleNameTakenError();
      transaction.forget(ROLE_PERMISSIONS_KEY);
      await transaction.publish(new RoleCreated(created));
      return created;
    });
  }

  /** @throws ForbiddenError, UnknownPermissionsError, RoleNotFoundError, BuiltInRoleError */
  async update(name: string, changes: RoleChanges, principal: Principal): Promise<Role> {
    this.assertGrantable(changes.permissions ?? [], principal);
    return this.transactions.run(async (transaction) => {
      const before = await this.lock(name, principal, transaction);
      const after = await this.roles.update(name, changes, transaction.db);
      transaction.forget(ROLE_PERMISSIONS_KEY);
      const gained = after.permissions.some((permission) => !before.permissions.includes(permission));
      const lost = before.permissions.some((permission) => !after.permissions.includes(permission));
      if (gained) await this.tokens.endResetsOfHolders(name, transaction);
      if (lost) await this.tokens.endIssuedByHolders(name, transaction);
      await transaction.publish(new RoleUpdated(before, after));
      return after;
    });
  }

  /** @throws ForbiddenError, RoleNotFoundError, BuiltInRoleError, RoleInUseError */
  async delete(name: string, principal: Principal): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const role = await this.lock(name, principal, transaction);
      await this.assertUnused(name, transaction);
      // A user restored later must not get what another role of the same name holds by then.
      await this.users.removeRoleFromDeletedUsers(name, transaction);
      // A deleted user with this role may have been restored while this transaction waited for the row locks.
      await this.assertUnused(name, transaction);
      await this.roles.delete(name, transaction.db);
      transaction.forget(ROLE_PERMISSIONS_KEY);
      await transaction.publish(new RoleDeleted(role));
    });
  }

  private async lock(name: string, principal: Principal, { db }: Transaction): Promise<Role> {
    const role = await this.roles.lock(name, db);
    if (role === null) throw new RoleNotFoundError();
    assertHoldsAll(principal, this.withImpliedPermissions(role).permissions, 'escalation: the role holds');
    if (role.builtIn) throw new BuiltInRoleError();
    return role;
  }

  private async assertUnused(name: string, transaction: Transaction): Promise<void> {
    if (await this.users.existsWithRole(name, transaction)) throw new RoleInUseError();
  }

  /** As everywhere, what is forbidden is reported before what does not exist. */
  private assertGrantable(permissions: readonly string[], principal: Principal): void {
    const { names } = this.permissions;
    const known = permissions.filter((permission) => names.has(permission));
    assertHoldsAll(principal, known, 'escalation: the role would hold');
    const unknown = permissions.filter((permission) => !names.has(permission));
    if (unknown.length > 0) throw new UnknownPermissionsError(unknown);
  }

  /** The admin role holds every declared permission, stored or not. */
  private withImpliedPermissions(role: Role): Role {
    return role.name === ADMIN_ROLE ? { ...role, permissions: [...this.permissions.names].toSorted() } : role;
  }
}
