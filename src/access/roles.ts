/** What the routes ask for, and what each permission lets its holder do. */
export const PERMISSIONS = {
  'users:create': 'Create users where registration is closed',
  'users:read': 'Read and list any user',
  'users:update': 'Update any user',
  'users:delete': 'Delete any user, and list deleted ones',
  'sessions:manage': 'See and end the sessions of any user',
} as const;

export const ADMIN_ROLE = 'admin';
/** Every account has it. */
export const USER_ROLE = 'user';

const ROLES: Readonly<Record<string, readonly string[]>> = {
  [ADMIN_ROLE]: Object.keys(PERMISSIONS),
  [USER_ROLE]: [],
};

/** Everything that the holder of these roles may do beyond their own account. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<string> {
  return new Set(roles.flatMap((role) => ROLES[role] ?? []));
}
