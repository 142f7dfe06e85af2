import { Injectable } from '@nestjs/common';
import { Cache } from '#platform/cache';
import { type Transaction } from '#platform/events';
import { PermissionRegistry } from '#platform/access';
import { ADMIN_ROLE, USER_ROLE } from './roles.js';
import { type RoleGrant, RolesRepository } from './roles.repository.js';

/** The cache key of the permissions of all roles. */
export const ROLE_PERMISSIONS_KEY = 'roles';
const CACHE_TTL_MS = 30_000;
const NONE: ReadonlySet<string> = new Set();

/** What the holders of roles may do beyond their own account. */
@Injectable()
export class RolePermissionsService {
  constructor(
    private readonly roles: RolesRepository,
    private readonly permissions: PermissionRegistry,
    private readonly cache: Cache,
  ) {}

  async permissionsOf(roles: readonly string[]): Promise<ReadonlySet<string>> {
    const load = () => this.roles.grants();
    return this.known(roles) ?? granted(roles, await this.cache.getOrLoad(ROLE_PERMISSIONS_KEY, CACHE_TTL_MS, load));
  }

  /** Reads the transaction's own view of the database, for decisions within it. */
  async permissionsWithin({ db }: Transaction, roles: readonly string[]): Promise<ReadonlySet<string>> {
    return this.known(roles) ?? granted(roles, await this.roles.grants(db));
  }

  /** Most users hold only `admin` or `user`, whose permissions are known without asking a store. */
  private known(roles: readonly string[]): ReadonlySet<string> | undefined {
    if (roles.includes(ADMIN_ROLE)) return this.permissions.names;
    return roles.every((role) => role === USER_ROLE) ? NONE : undefined;
  }
}

function granted(roles: readonly string[], grants: readonly RoleGrant[] = []): ReadonlySet<string> {
  return new Set(grants.filter(([name]) => roles.includes(name)).flatMap(([, permissions]) => permissions));
}
