import { isDeepStrictEqual } from 'node:util';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, type Transaction, Transactions } from '#platform/events';
import type { IfMatchCondition, Principal } from '#platform/request';
import { PermissionRegistry } from '#platform/access';
import { ForbiddenError } from '#platform/errors';
import { BeforeInvitation, type User, UsersService } from '#users';
import { assertHoldsAll } from './escalation.js';
import { isActiveAdmin } from './last-admin.rule.js';
import { UnknownRolesError } from './roles.errors.js';
import { ADMIN_ROLE, USER_ROLE } from './roles.js';
import { RolePermissionsService } from './role-permissions.service.js';
import { RolesRepository } from './roles.repository.js';

/** The permission that assigning roles needs. */
const ASSIGN_ROLES = 'roles:assign';

/** The roles of users. */
@Injectable()
export class UserRolesService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly roles: RolesRepository,
    private readonly permissions: PermissionRegistry,
    private readonly rolePermissions: RolePermissionsService,
    private readonly transactions: Transactions,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.withinTransaction(BeforeInvitation, async ({ roles, by }, transaction) => {
      const granted = roles.filter((role) => role !== USER_ROLE);
      if (granted.length === 0) return;
      if (!by.permissions.has(ASSIGN_ROLES)) throw new ForbiddenError(ASSIGN_ROLES);
      await this.assertAssignable([], roles, by, transaction);
    });
  }

  /**
   * What a user's roles hold together, sorted.
   *
   * @throws UserNotFoundError
   */
  async permissionsOf(id: string): Promise<{ roles: string[]; permissions: string[] }> {
    const { roles } = await this.users.get(id);
    const permissions = await this.rolePermissions.permissionsOf(roles);
    return { roles: roles.toSorted(), permissions: [...permissions].toSorted() };
  }

  /**
   * Every user keeps the role `user`, requested or not. The same roles again change nothing.
   *
   * @throws UserNotFoundError, PreconditionFailedError, ForbiddenError, UnknownRolesError, LastAdminError
   */
  async assign(
    id: string,
    requested: readonly string[],
    options: { readonly by: Principal; readonly ifMatch: IfMatchCondition | undefined },
  ): Promise<User> {
    const roles = [...new Set([...requested, USER_ROLE])].toSorted();
    return this.transactions.run(async (transaction) => {
      const before = await this.users.lockForChange(id, options, transaction);
      if (isDeepStrictEqual(roles, before.roles.toSorted())) return before;
      // LastAdminRule locks it for update as well: after a weaker lock, two such requests would deadlock.
      if (isActiveAdmin(before) && !roles.includes(ADMIN_ROLE)) await this.roles.lock(ADMIN_ROLE, transaction.db);
      await this.assertAssignable(before.roles, roles, options.by, transaction);
      return this.users.setRoles(before, roles, transaction);
    });
  }

  /** As everywhere, what is forbidden is reported before what does not exist. */
  private async assertAssignable(
    held: readonly string[],
    roles: readonly string[],
    principal: Principal,
    { db }: Transaction,
  ): Promise<void> {
    const found = await this.roles.lockForAssignment(roles, db);
    for (const { name, permissions } of found) {
      if (held.includes(name)) continue;
      const granted = name === ADMIN_ROLE ? this.permissions.names : permissions;
      assertHoldsAll(principal, granted, `escalation: the role ${name} holds`);
    }
    const known = new Set(found.map(({ name }) => name));
    const unknown = roles.filter((role) => !known.has(role));
    if (unknown.length > 0) throw new UnknownRolesError(unknown);
  }
}
