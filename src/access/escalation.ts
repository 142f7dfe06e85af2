import { ForbiddenError } from '#platform/errors';
import type { Principal } from '#platform/request';
import { ADMIN_ROLE } from './roles.js';

/**
 * Nobody hands out, takes away or administers what they do not hold themselves.
 *
 * An admin holds every permission, those too that a role has kept from a module that is no longer there.
 *
 * @throws ForbiddenError
 */
export function assertHoldsAll({ roles, permissions }: Principal, wanted: Iterable<string>): void {
  if (roles.includes(ADMIN_ROLE)) return;
  for (const permission of wanted) {
    if (!permissions.has(permission)) throw new ForbiddenError();
  }
}
