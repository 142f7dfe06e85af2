import { USER_STATUSES, type UserStatus } from './user.js';
import { IllegalStatusChangeError } from './users.errors.js';

/** The statuses that administrators set; deletion and restoration have routes of their own. */
export const SETTABLE_STATUSES = USER_STATUSES.filter((status) => status !== 'deleted');

export type SettableStatus = (typeof SETTABLE_STATUSES)[number];

/** What each status may become. A suspension is lifted by activating, so that it never fades into something milder. */
const NEXT: Readonly<Record<UserStatus, readonly SettableStatus[]>> = {
  active: ['inactive', 'suspended'],
  inactive: ['active', 'suspended'],
  suspended: ['active'],
  deleted: [],
};

/** @throws IllegalStatusChangeError */
export function assertMayBecome(before: UserStatus, after: SettableStatus): void {
  if (!NEXT[before].includes(after)) throw new IllegalStatusChangeError(before, after);
}
