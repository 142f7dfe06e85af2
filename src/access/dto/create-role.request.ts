import type { Role } from '../roles.js';
import { Description, Permissions, RoleName } from './role-fields.js';

export class CreateRoleRequest {
  @RoleName()
  name!: string;

  @Description()
  description?: string | null;

  @Permissions('optional')
  permissions?: string[];
}

export function toNewRole({ name, description, permissions }: CreateRoleRequest): Omit<Role, 'builtIn'> {
  return { name, description: description ?? null, permissions: (permissions ?? []).toSorted() };
}
