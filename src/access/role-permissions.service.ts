import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { EventBus, type Transaction } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import { ADMIN_ROLE, USER_ROLE } from './roles.js';
import { RoleChanged } from './roles.events.js';
import { type RoleGrant, RolesRepository } from './roles.repository.js';

/** What all of them are cached under. */
export const ROLE_PERMISSIONS_KEY = 'roles';
const CACHE_TTL_MS = 30_000;
const NONE: ReadonlySet<string> = new Set();

/** What the holders of roles may do beyond their own account. */
@Injectable()
export class RolePermissionsService implements OnModuleInit {
  constructor(
    private readonly roles: RolesRepository,
    private readonly permissions: PermissionRegistry,
    private readonly cache: Cache,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.events.onSettled(RoleChanged, () => this.cache.invalidate(ROLE_PERMISSIONS_KEY));
  }

  async permissionsOf(roles: readonly string[]): Promise<ReadonlySet<string>> {
    return this.resolve(roles, async () =>
      this.cache.getOrLoad(ROLE_PERMISSIONS_KEY, CACHE_TTL_MS, () => this.roles.grants()),
    );
  }

  /** The same from the transaction's own view of the database, for what is decided in it. */
  async permissionsWithin({ db }: Transaction, roles: readonly string[]): Promise<ReadonlySet<string>> {
    return this.resolve(roles, () => this.roles.grants(db));
  }

  /** Most hold no other role than these two, of which nothing is stored: no store is asked for them. */
  private async resolve(
    roles: readonly string[],
    load: () => Promise<readonly RoleGrant[] | undefined>,
  ): Promise<ReadonlySet<string>> {
    if (roles.includes(ADMIN_ROLE)) return this.permissions.names;
    if (roles.every((role) => role === USER_ROLE)) return NONE;
    const grants = (await load()) ?? [];
    return new Set(grants.filter(([name]) => roles.includes(name)).flatMap(([, permissions]) => permissions));
  }
}
