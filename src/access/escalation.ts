import { ForbiddenError } from '#platform/errors';
import type { Principal } from '#platform/request';
import { ADMIN_ROLE } from './roles.js';

/**
 * Callers may not grant, revoke or administer what they do not hold themselves.
 *
 * Admins pass even for permissions whose module is no longer installed.
 *
 * @param rule what the permissions are of, for the log: `hierarchy: the user holds`
 * @throws ForbiddenError
 */
export function assertHoldsAll({ roles, permissions }: Principal, wanted: Iterable<string>, rule: string): void {
  if (roles.includes(ADMIN_ROLE)) return;
  for (const permission of wanted) {
    if (!permissions.has(permission)) throw new ForbiddenError(`${rule} ${permission}, which the caller lacks`);
  }
}
