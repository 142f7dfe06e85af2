import { type AuditAction, AuditedEvent, changesBetween } from '#platform/events';
import type { Role } from './roles.js';

const AUDITED_FIELDS = ['description', 'permissions'] as const satisfies readonly (keyof Role)[];

/** What a role lets its holders do may have changed. */
export abstract class RoleChanged<Action extends AuditAction = AuditAction> extends AuditedEvent<Action> {
  constructor(
    action: Action,
    name: string,
    readonly before: Role | undefined,
    readonly after: Role | undefined,
  ) {
    super(action, { type: 'role', id: name }, { changes: changesBetween<Role>(before, after, AUDITED_FIELDS) });
  }
}

export class RoleCreated extends RoleChanged<'role.created'> {
  constructor(readonly role: Role) {
    super('role.created', role.name, undefined, role);
  }
}

export class RoleUpdated extends RoleChanged<'role.updated'> {
  constructor(
    override readonly before: Role,
    override readonly after: Role,
  ) {
    super('role.updated', after.name, before, after);
  }
}

export class RoleDeleted extends RoleChanged<'role.deleted'> {
  constructor(readonly role: Role) {
    super('role.deleted', role.name, role, undefined);
  }
}
