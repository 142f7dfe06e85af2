import { ForbiddenError } from '#platform/errors';
import type { Principal } from '#platform/request';
import { ADMIN_ROLE } from './roles.js';

type Holder = Pick<Principal, 'roles' | 'permissions'>;

/**
 * Callers may not grant, revoke or administer what they do not hold themselves.
 *
 * @param rule what the permissions are of, for the log: `hierarchy: the user holds`
 * @throws ForbiddenError
 */
export function assertHoldsAll(holder: Holder, wanted: Iterable<string>, rule: string): void {
  const missing = firstMissing(holder, wanted);
  if (missing !== undefined) throw new ForbiddenError(`${rule} ${missing}, which the caller lacks`);
}

/**
 * The first of these permissions that the holder lacks, if any.
 *
 * Admins lack none, not even those whose module is no longer installed.
 */
export function firstMissing({ roles, permissions }: Holder, wanted: Iterable<string>): string | undefined {
  if (roles.includes(ADMIN_ROLE)) return undefined;
  return [...wanted].find((permission) => !permissions.has(permission));
}
