/** Holds every declared permission. */
export const ADMIN_ROLE = 'admin';
/** Every account has it; it holds none. */
export const USER_ROLE = 'user';

export const ROLE_NAME = /^[a-z][a-z0-9-]{1,49}$/;

export interface Role {
  readonly name: string;
  readonly description: string | null;
  /** Sorted. */
  readonly permissions: readonly string[];
  readonly builtIn: boolean;
}

/** What an update may change. `null` clears the description. */
export interface RoleChanges {
  readonly description?: string | null;
  readonly permissions?: readonly string[];
}
