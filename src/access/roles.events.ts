import { AuditedEvent, type AuditFacts, changesBetween } from '#platform/events';
import type { Role } from './roles.js';

export const ROLE_ACTIONS = ['role.created', 'role.updated', 'role.deleted'] as const;

const AUDITED_FIELDS = ['description', 'permissions'] as const satisfies readonly (keyof Role)[];

/** What a role lets its holders do has changed, perhaps. */
export abstract class RoleChanged extends AuditedEvent {
  protected abstract readonly action: (typeof ROLE_ACTIONS)[number];

  constructor(
    readonly before: Role | undefined,
    readonly after: Role | undefined,
  ) {
    super();
  }

  audited(): readonly AuditFacts[] {
    const target = { type: 'role', id: (this.after ?? this.before)?.name ?? null };
    const changes = changesBetween<Role>(this.before, this.after, AUDITED_FIELDS);
    return [{ action: this.action, target, changes }];
  }
}

export class RoleCreated extends RoleChanged {
  protected readonly action = 'role.created';

  constructor(readonly role: Role) {
    super(undefined, role);
  }
}

export class RoleUpdated extends RoleChanged {
  protected readonly action = 'role.updated';

  constructor(
    override readonly before: Role,
    override readonly after: Role,
  ) {
    super(before, after);
  }
}

export class RoleDeleted extends RoleChanged {
  protected readonly action = 'role.deleted';

  constructor(readonly role: Role) {
    super(role, undefined);
  }
}
