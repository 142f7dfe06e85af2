import type { Role } from './roles.js';

/** What a role lets its holders do has changed, perhaps. */
export abstract class RoleChanged {
  constructor(readonly name: string) {}
}

export class RoleCreated extends RoleChanged {
  constructor(readonly role: Role) {
    super(role.name);
  }
}

export class RoleUpdated extends RoleChanged {
  constructor(
    readonly before: Role,
    readonly after: Role,
  ) {
    super(after.name);
  }
}

export class RoleDeleted extends RoleChanged {
  constructor(readonly role: Role) {
    super(role.name);
  }
}
