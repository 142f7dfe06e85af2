import { ValidationError } from '#platform/errors';
import type { RoleChanges } from '../roles.js';
import { Description, Permissions } from './role-fields.js';

/** At least one of the two. */
export class UpdateRoleRequest {
  @Description()
  description?: string | null;

  @Permissions('optional')
  permissions?: string[];
}

/** @throws ValidationError when there is nothing to change */
export function toRoleChanges({ description, permissions }: UpdateRoleRequest): RoleChanges {
  if (description === undefined && permissions === undefined) {
    throw ValidationError.nothingToChange();
  }
  return {
    ...(description === undefined ? {} : { description }),
    ...(permissions === undefined ? {} : { permissions: permissions.toSorted() }),
  };
}
